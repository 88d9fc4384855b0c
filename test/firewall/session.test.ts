import { openSession, type Order } from '../../src/firewall/session';
import type { SessionListener } from '../../src/firewall/session-port';
import { fakeClock } from '../support/fake-clock';

const add = (member: string): Order => ({ set: 'tg-sip4', member, timeoutSeconds: 60 });
const del = (member: string): Order => ({ set: 'tg-sip4', member, timeoutSeconds: undefined });
const done = { kind: 'done' };

/** An ipset that says only what the test says, and what it was sent. */
function scripted() {
  const clock = fakeClock();
  const children: { sent: string; killed: boolean; says: SessionListener }[] = [];
  const session = openSession((file, args, says) => {
    expect([file, ...args]).toEqual(['ipset', '-']);
    const child = { sent: '', killed: false, says };
    children.push(child);
    return {
      write: (text) => void (child.sent += text),
      kill: () => {
        child.killed = true;
        setImmediate(() => says.ended('ended with SIGKILL'));
      },
    };
  }, clock);
  const says = (text: string) => children.at(-1)?.says.stderr(text);
  return { clock, children, session, says };
}

describe('the session', () => {
  it('sends every change with its test, all at once, the sticky word on every line', () => {
    const { session, children } = scripted();
    void session.send([add('192.0.2.1'), del('192.0.2.2'), { ...add('192.0.2.3'), timeoutSeconds: 0 }]);
    expect(children[0]?.sent.split('\n')).toEqual([
      'add tg-sip4 192.0.2.1 timeout 60 -exist',
      'test tg-sip4 192.0.2.1 -exist',
      'del tg-sip4 192.0.2.2 -exist',
      'test tg-sip4 192.0.2.2 -exist',
      'add tg-sip4 192.0.2.3 timeout 0 -exist',
      'test tg-sip4 192.0.2.3 -exist',
      '',
    ]);
  });

  const inSet = (member: string) => `Warning: ${member} is in set tg-sip4.\n`;
  const notInSet = (member: string) => `${member} is NOT in set tg-sip4.\n`;
  const LOST = 'ipset v7.17: The set with the given name does not exist\n';
  const FULL = 'ipset v7.17: Hash is full, cannot add more elements\n';
  const refused = (why: string) => ({ kind: 'refused', why: expect.stringContaining(why) as string });

  it.each<[string, Order[], string, unknown[]]>([
    ['an addition', [add('a')], inSet('a'), [done]],
    ['an addition that did not stay', [add('a')], notInSet('a'), [refused('not kept')]],
    ['a removal', [del('a')], notInSet('a'), [done]],
    ['a removal under a wider network', [del('a')], inSet('a'), [done]],
    ['a network that stayed', [del('10.0.0.0/8')], inSet('10.0.0.0/8'), [refused('still there')]],
    ['a full set', [add('a'), add('b')], FULL + notInSet('a') + inSet('b'), [refused('full'), done]],
    ['a renewal that failed although it is there', [add('a')], FULL + inSet('a'), [refused('full')]],
    ['a lost set', [add('a'), add('b')], LOST + LOST + inSet('b'), [refused('does not exist'), done]],
    ['two lost sets', [add('a'), del('b')], LOST + LOST + LOST + LOST, [refused('exist'), refused('exist')]],
    ['another form of the same address', [add('::102:304')], inSet('::1.2.3.4'), [done]],
  ])('understands %s, cut anywhere', async (_what, orders, said, expected) => {
    for (let cut = 0; cut <= said.length; cut++) {
      const { session, says } = scripted();
      const answers = session.send(orders);
      says(said.slice(0, cut));
      says(said.slice(cut));
      expect(await answers).toEqual(expected);
    }
  });

  it('is killed when it falls silent, and started again by the next change', async () => {
    const { session, says, clock, children } = scripted();
    const first = session.send([add('a'), add('b')]);
    says(inSet('a'));
    await clock.advance(999);
    expect(children[0]?.killed).toBe(false);
    await clock.advance(1001);
    expect(children[0]?.killed).toBe(true);
    expect(await first).toEqual([done, expect.objectContaining({ kind: 'unanswered' })]);
    const second = session.send([add('b')]);
    children[0]?.says.stderr(notInSet('b')); // a dead one’s last words
    says(inSet('b'));
    expect(await second).toEqual([done]);
    expect(children.length).toBe(2);
  });

  it('is patient with one that goes on speaking', async () => {
    const { session, says, clock } = scripted();
    const orders = Array.from({ length: 5 }, (_, i) => add(`192.0.2.${i}`));
    const answers = session.send(orders);
    for (const { member } of orders) {
      await clock.advance(900);
      says(inSet(member));
    }
    expect(await answers).toEqual(orders.map(() => done));
    expect(clock.sleepers).toBe(0);
  });

  it('answers at once when its program cannot be started', async () => {
    const { session, children } = scripted();
    const answers = session.send([add('a')]);
    children[0]?.says.ended('spawn ipset ENOENT');
    expect(await answers).toEqual([{ kind: 'unanswered', why: 'ipset spawn ipset ENOENT' }]);
  });

  it('answers who waits when it is closed', async () => {
    const { session, children } = scripted();
    const answers = session.send([add('a')]);
    session.close();
    expect(await answers).toEqual([expect.objectContaining({ kind: 'unanswered' })]);
    expect(children[0]?.killed).toBe(true);
  });
});
