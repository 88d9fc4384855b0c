import '../support/patience';
import { openFirewall } from '../../src/firewall/open';
import type { Until } from '../../src/domain/entry';
import type { Network } from '../../src/domain/network';
import type { Clock, Run } from '../../src/ports';
import { fakeKernel } from '../support/fake-kernel';
import { PBX } from '../support/firewall-host';

const SET_OUT = new Date('2026-11-22T13:05:00Z');
const MANY = 150_000;

/** `count` leases until then. */
function leases(count: number, until: Until): ReadonlyMap<Network, Until> {
  const address = (n: number) => `20.${n >> 16}.${(n >> 8) & 255}.${n & 255}` as Network;
  return new Map(Array.from({ length: count }, (_, n) => [address(n), until]));
}

/** As a program that takes them one by one. */
function* piecesOf(stdin: string | Iterable<string> = ''): Iterable<string> {
  if (typeof stdin === 'string') yield stdin;
  else yield* stdin;
}

/** Sets that take any number of members, and `secondsEach` for every piece of them; the rules are the fake kernel's. */
function slowFirewall(secondsEach: number) {
  let now = SET_OUT.getTime();
  const clock: Clock = { now: () => new Date(now), sleep: () => new Promise(() => undefined) };
  const kernel = fakeKernel(clock);
  const headers: string[] = [];
  const ends = new Map<string, number>();
  const restore = (lines: readonly string[]) => {
    if (lines.some((line) => line.startsWith('add '))) now += secondsEach * 1000;
    headers.push(...lines.filter((line) => line.startsWith('create ')));
    for (const line of lines) {
      const [, member, timeout] = /^add (\S+ \S+) timeout (\d+)$/.exec(line) ?? [];
      if (member !== undefined) ends.set(member, now + Number(timeout) * 1000);
    }
  };
  const save = () => {
    const members = headers.map((header) => {
      const name = header.split(' ')[1] ?? '';
      const its = [...ends].filter(([member]) => member.startsWith(`${name} `));
      return [header, ...its.map(([member, end]) => `add ${member} timeout ${Math.floor((end - now) / 1000)}`)];
    });
    return [...members.flat(), ''].join('\n');
  };
  const run: Run = (file, args, options) => {
    if (file !== 'ipset') return kernel.run(file, args, options);
    if (args[0] === 'save') return Promise.resolve(save());
    const created: string[] = [];
    for (const piece of piecesOf(options?.stdin)) {
      const lines = piece.trimEnd().split('\n');
      restore(lines);
      created.push(...lines.filter((line) => line.startsWith('create ')));
    }
    // Its rules are refused when they name a set that is not there.
    const stdin = created.join('\n');
    return stdin === '' ? Promise.resolve('') : kernel.run(file, args, { stdin });
  };
  const firewall = openFirewall({ run, spawnSession: kernel.spawnSession, clock, log: () => undefined });
  return { firewall, lastEnd: () => [...ends.values()].reduce((a, b) => Math.max(a, b)), count: () => ends.size };
}

describe('many members at once', () => {
  const until = new Date(SET_OUT.getTime() + 600_000);
  const added = (lines: readonly string[]) => lines.filter((line) => line.startsWith('add ')).length;

  it('are all brought into the kernel', async () => {
    const { firewall, count } = slowFirewall(0);
    expect(added(await firewall.apply(PBX, new Map([['sip', leases(MANY, until)]])))).toBe(MANY);
    expect(count()).toBe(MANY);
  });

  it('end when they should, though sending them takes seconds', async () => {
    const { firewall, lastEnd } = slowFirewall(0.5);
    const sent = await firewall.apply(PBX, new Map([['sip', leases(MANY, until)]]));
    expect(added(sent)).toBe(MANY); // and none a second time
    expect(lastEnd()).toBeLessThanOrEqual(until.getTime() + 1000);
    expect(lastEnd()).toBeGreaterThan(until.getTime() - 2000);
  });
});
