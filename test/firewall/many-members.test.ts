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

/** Sets that take any number of members but the first `loses`, and `secondsEach` for every piece; the rules are the fake kernel's. */
function slowFirewall(secondsEach: number, loses = 0) {
  let now = SET_OUT.getTime();
  const clock: Clock = {
    now: () => new Date(now),
    sleep: () => new Promise(() => undefined),
    timer: () => () => undefined,
  };
  const kernel = fakeKernel(clock);
  const headers = new Set<string>();
  let added = 0;
  const environments: Readonly<Record<string, string>>[] = [];
  const ends = new Map<string, number>();
  const restore = (lines: readonly string[]) => {
    if (lines.some((line) => line.startsWith('add '))) now += secondsEach * 1000;
    for (const line of lines) {
      if (line.startsWith('create ')) headers.add(line);
      const [, member, timeout] = /^add (\S+ \S+) timeout (\d+)$/.exec(line) ?? [];
      if (member === undefined) continue;
      if (added++ >= loses) ends.set(member, now + Number(timeout) * 1000);
    }
  };
  const each = (tell: (name: string, header: string, its: readonly [string, number][]) => string) =>
    [...headers]
      .map((create) => {
        const [, name = '', ...header] = create.split(' ');
        return tell(
          name,
          header.join(' '),
          [...ends].filter(([member]) => member.startsWith(`${name} `)),
        );
      })
      .join('\n');
  const save = (only?: string) =>
    each((name, header, its) =>
      only !== undefined && only !== name
        ? ''
        : [
            `create ${name} ${header}`,
            ...its.map(([m, end]) => `add ${m} timeout ${Math.floor((end - now) / 1000)}`),
          ].join('\n'),
    );
  const list = () =>
    each((name, header, its) => {
      const [type = '', ...options] = header.split(' ');
      return `Name: ${name}\nType: ${type}\nHeader: ${options.join(' ')}\nNumber of entries: ${its.length}`;
    });
  const run: Run = (file, args, options) => {
    if (file !== 'ipset') return kernel.run(file, args, options);
    if (args[0] === 'save') return Promise.resolve(save(args[1]));
    if (args[0] === 'list') return Promise.resolve(list());
    environments.push(options?.env ?? {});
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
  return {
    firewall,
    added: () => added,
    lastEnd: () => [...ends.values()].reduce((a, b) => Math.max(a, b)),
    count: () => ends.size,
    environments,
  };
}

describe('many members at once', () => {
  const until = new Date(SET_OUT.getTime() + 600_000);
  const many = new Map([['sip', leases(MANY, until)]]);

  it('are all brought into the kernel, told as the first of them and how many more', async () => {
    const { firewall, count } = slowFirewall(0);
    const lines = await firewall.apply(PBX, many);
    expect(lines.filter((line) => line.startsWith('add '))).toEqual([
      `add tg-sip4 20.0.0.0 timeout 600 # and ${MANY - 1} more`,
    ]);
    expect(count()).toBe(MANY);
  });

  it('end when they should, though sending them takes seconds', async () => {
    const { firewall, lastEnd, added } = slowFirewall(0.5);
    await firewall.apply(PBX, many);
    expect(added()).toBe(MANY); // and none a second time
    expect(lastEnd()).toBeLessThanOrEqual(until.getTime() + 1000);
    expect(lastEnd()).toBeGreaterThan(until.getTime() - 2000);
  });

  it('are addresses, for which no program reads again and again who resolves names', async () => {
    const { firewall, environments } = slowFirewall(0);
    await firewall.apply(PBX, new Map([['sip', leases(1, until)]]));
    expect(new Set(environments)).toEqual(new Set([{ RES_OPTIONS: 'no-reload' }]));
  });

  it('are brought again when the kernel has one less than it was given', async () => {
    const { firewall, count, added } = slowFirewall(0, 1);
    await firewall.apply(PBX, many);
    expect([count(), added()]).toEqual([MANY, MANY + 1]);
  });
});
