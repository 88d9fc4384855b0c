import type { SessionListener, SpawnSession } from '../../src/firewall/session-port';
import { terseList, type TerseList } from '../../src/firewall/terse-list';
import { fakeClock, type FakeClock } from '../support/fake-clock';

const LIST = 'Name: tg-sip4\nType: hash:net\nHeader: family inet\nNumber of entries: 3\n';
const VERSION = 'ipset v7.17, protocol version: 7\n';

describe('the sizes of the sets', () => {
  let clock: FakeClock;
  let children: SessionListener[];
  let killed: number;
  let ran: number;
  let list: TerseList;
  const spawnSession: SpawnSession = (_file, _args, listener) => {
    children.push(listener);
    return { write: () => undefined, kill: () => (killed += 1) };
  };
  beforeEach(() => {
    clock = fakeClock();
    children = [];
    killed = ran = 0;
    const run = () => Promise.resolve(`by process ${++ran}`);
    list = terseList({ run, spawnSession, clock });
  });
  const child = () => children.at(-1) as SessionListener;
  const say = (text: string) => child().stdout?.(text);

  it('come whole from one process, however its words are cut, and however often it is asked', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const asked = list.ask();
      for (const letter of `ipset> ${LIST}ipset> ${VERSION}`) say(letter);
      expect(await asked).toBe(LIST);
    }
    const asked = list.ask();
    say(`ipset> ipset> ${VERSION}ipset> `);
    expect(await asked).toBe('');
    expect([children.length, killed, ran]).toEqual([1, 0, 0]);
  });

  it.each<[string, () => unknown]>([
    ['has ended', () => child().ended('ended with 1')],
    ['complains', () => child().stderr('ipset v7.17: Kernel error received: Operation not permitted\n')],
    ['is silent', () => clock.advance(1000)],
    ['breaks off', () => (say(LIST), clock.advance(1000))],
  ])('come from a process of their own for a minute when that one %s', async (_how, fail) => {
    const asked = list.ask();
    await fail();
    expect(await asked).toBe('by process 1');
    expect(await list.ask()).toBe('by process 2');
    await clock.advance(60_000);
    const again = list.ask();
    expect(children).toHaveLength(2);
    children[0]?.stdout?.(`late ${VERSION}`);
    say(`ipset> ${LIST}ipset> ${VERSION}`);
    expect(await again).toBe(LIST);
  });
});
