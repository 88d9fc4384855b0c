import type { Until } from '../../src/domain/entry';
import type { Network } from '../../src/domain/network';
import { desiredState } from '../../src/firewall/desired-state';
import { NOTHING, NO_RULES, type KernelSet, type KernelState, type Ruleset } from '../../src/firewall/kernel-state';
import { batchLines, inHalves, linesOf, planFirewall } from '../../src/firewall/plan';
import type { Left } from '../../src/firewall/time-left';
import { PBX } from '../support/firewall-host';
import { net } from '../support/net';

const HEADER = 'hash:net family inet maxelem 9 timeout 0 counters';
const set = (members: Record<string, Left>, header = HEADER): KernelSet => ({
  header,
  members: new Map(Object.entries(members)),
});
const state = (sets: Record<string, KernelSet>, rules: Partial<Ruleset> = {}): KernelState => ({
  sets: new Map(Object.entries(sets)),
  rules: { 4: { ...NO_RULES, ...rules }, 6: NO_RULES },
});
const sip = (members: Record<string, Left>, header?: string) => state({ 'tg-sip4': set(members, header) });
const TWENTY_DAYS = 1_728_000;

describe('what is sent for members', () => {
  it.each<[string, KernelState, KernelState, string[]]>([
    ['nothing to do', sip({ '192.0.2.1': 60 }), sip({ '192.0.2.1': 58 }), []],
    [
      'a new set',
      sip({ '192.0.2.1': 60 }),
      NOTHING,
      [`create tg-sip4 ${HEADER}`, `create tg-sip4 ${HEADER}`, 'add tg-sip4 192.0.2.1 timeout 60'],
    ],
    ['an ended lease', sip({}), sip({ '192.0.2.1': 60 }), ['del tg-sip4 192.0.2.1']],
    ['a lease made good', sip({ a: 'forever' }), sip({ a: 60 }), ['add tg-sip4 a timeout 0']],
    ['a lease that was for good', sip({ a: 60 }), sip({ a: 'forever' }), ['add tg-sip4 a timeout 60']],
    ['a lease that would end late', sip({ a: 60 }), sip({ a: 62 }), ['add tg-sip4 a timeout 60']],
    ['…by rounding', sip({ a: 60 }), sip({ a: 61 }), []],
    ['a lease that would end early', sip({ a: 60 }), sip({ a: 54 }), ['add tg-sip4 a timeout 60']],
    ['a year is cut to 20 days', sip({ a: 31_536_000 }), sip({}), [`add tg-sip4 a timeout ${TWENTY_DAYS}`]],
    ['…and that is no drift', sip({ a: 31_536_000 }), sip({ a: TWENTY_DAYS - 86_400 }), []],
    [
      '…until half of it is gone',
      sip({ a: 31_536_000 }),
      sip({ a: 863_999 }),
      [`add tg-sip4 a timeout ${TWENTY_DAYS}`],
    ],
    [
      'more than 20 days is too long',
      sip({ a: 31_536_000 }),
      sip({ a: 2_000_000 }),
      [`add tg-sip4 a timeout ${TWENTY_DAYS}`],
    ],
    ['new before gone', sip({ new: 60 }), sip({ old: 60 }), ['add tg-sip4 new timeout 60', 'del tg-sip4 old']],
    ['a set that nobody wants', NOTHING, sip({ a: 60 }), ['destroy tg-sip4']],
    [
      'a set of another size is filled aside and swapped',
      sip({ a: 60 }),
      sip({ a: 60 }, HEADER.replace('9', '5')),
      [`create tg-~sip4 ${HEADER}`, 'add tg-~sip4 a timeout 60', 'swap tg-sip4 tg-~sip4', 'destroy tg-~sip4'],
    ],
    [
      '…also where one was left over from a swap that was cut short',
      sip({ a: 60 }),
      state({ 'tg-sip4': set({}, 'hash:net'), 'tg-~sip4': set({ b: 'forever' }) }),
      [
        'destroy tg-~sip4',
        `create tg-~sip4 ${HEADER}`,
        'add tg-~sip4 a timeout 60',
        'swap tg-sip4 tg-~sip4',
        'destroy tg-~sip4',
      ],
    ],
    [
      'a set without times',
      sip({ 'a,eth1': 'forever' }, 'hash:net,iface'),
      sip({}, 'hash:net,iface'),
      ['add tg-sip4 a,eth1'],
    ],
  ])('%s', async (_what, want, have, expected) => {
    const { create, elements, destroy, rules } = await planFirewall(want, have);
    const lines = elements.flat().flatMap((part) => [...linesOf(part, () => 0)]);
    expect([...create, ...lines, ...destroy]).toEqual(expected);
    expect(rules).toEqual({ 4: [], 6: [] });
  });
});

describe('what two programs send', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `add x ${n}`);
  const [large, larger, small] = [lines(10_001), lines(10_002), lines(1)];

  it('are halves of many members, each set in one of them', () => {
    expect(inHalves([large, small, larger, large])).toEqual([
      [large, large],
      [small, larger],
    ]);
  });

  it('is all in one when there are few, or most are in one set', () => {
    for (const changes of [[], [small, small], [larger, small]]) expect(inHalves(changes)).toEqual([changes]);
  });
});

describe('what is sent for rules', () => {
  const rules = {
    chains: new Map([
      ['TOLLGATE', ['-A TOLLGATE -g TOLLGATE-A']],
      ['TOLLGATE-A', ['-A TOLLGATE-A -j DROP']],
    ]),
    hooks: [1],
  };
  const chains = (...changes: readonly (readonly [string, readonly string[]])[]) =>
    new Map([...rules.chains, ...changes]);
  const hook = '-I INPUT 1 -j TOLLGATE';
  const unhook = '-D INPUT -j TOLLGATE';

  it.each<[string, Partial<Ruleset>, string[]]>([
    ['nothing to do', rules, []],
    [
      'nothing there',
      {},
      [':TOLLGATE - [0:0]', ':TOLLGATE-A - [0:0]', '-A TOLLGATE -g TOLLGATE-A', '-A TOLLGATE-A -j DROP', hook],
    ],
    ['the hook is gone', { ...rules, hooks: [] }, [hook]],
    ['the hook is not the first', { ...rules, hooks: [3] }, [unhook, hook]],
    ['there are two hooks', { ...rules, hooks: [1, 4] }, [unhook, unhook, hook]],
    [
      'somebody flushed a chain: the others keep their counters',
      { ...rules, chains: chains(['TOLLGATE', []]) },
      [':TOLLGATE - [0:0]', '-A TOLLGATE -g TOLLGATE-A'],
    ],
    [
      'a chain is left over',
      { ...rules, chains: chains(['TOLLGATE-B', ['-A TOLLGATE-B -j DROP']]) },
      [':TOLLGATE-B - [0:0]', '-X TOLLGATE-B'],
    ],
    [
      '…and somebody’s rule leads into it',
      { ...rules, chains: chains(['TOLLGATE-B', []]), leads: ['-A FORWARD -j TOLLGATE-B', '-A FORWARD -j TOLLGATE-A'] },
      [':TOLLGATE-B - [0:0]', '-D FORWARD -j TOLLGATE-B', '-X TOLLGATE-B'],
    ],
  ])('%s', async (_what, have, expected) => {
    const batch = (await planFirewall(state({}, rules), state({}, have))).rules[4];
    expect(batch).toEqual(expected.length > 0 ? ['*filter', ...expected, 'COMMIT'] : []);
  });

  it('takes everything away with what leads into it', async () => {
    const have = state({}, { ...rules, leads: ['-A FORWARD -i eth0 -j TOLLGATE'] });
    expect((await planFirewall(NOTHING, have)).rules[4]).toEqual([
      '*filter',
      ':TOLLGATE - [0:0]',
      ':TOLLGATE-A - [0:0]',
      unhook,
      '-D FORWARD -i eth0 -j TOLLGATE',
      '-X TOLLGATE',
      '-X TOLLGATE-A',
      'COMMIT',
    ]);
  });
});

describe('what is wanted of the kernel', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const after = (ms: number) => new Date(now.getTime() + ms);

  it('a mode that is tried stands behind a set of every address that empties itself', () => {
    const { sets, rules } = desiredState({ ...PBX, trial: { mode: 'guard', until: after(60_900) } }, new Map(), now);
    expect(sets.get('tg-trial6')?.members).toEqual(
      new Map([
        ['::/1', 60],
        ['8000::/1', 60],
      ]),
    );
    expect(rules[4].chains.get('TOLLGATE')).toEqual([
      '-A TOLLGATE -m set --match-set tg-trial4 src -g TOLLGATE-GUARD',
      '-A TOLLGATE -g TOLLGATE-WATCH',
    ]);
  });

  it.each([
    ['is over', { mode: 'guard', until: after(0) }],
    ['has not a second left', { mode: 'guard', until: after(999) }],
    ['is confirmed', { mode: 'watch', until: after(60_000) }],
  ] as const)('a trial that %s has no chains', (_what, trial) => {
    const { sets, rules } = desiredState({ ...PBX, trial }, new Map(), now);
    expect([...sets.keys()].filter((name) => name.includes('trial'))).toEqual([]);
    expect([...rules[4].chains.keys()]).toEqual([
      'TOLLGATE',
      'TOLLGATE-WATCH',
      'TOLLGATE-WATCH-SIP',
      'TOLLGATE-WATCH-IAX',
    ]);
  });

  it('the blocks that end last stay when there are too many', () => {
    const blocks = new Map<Network, Until>([
      [net('192.0.2.1'), after(10_000)],
      [net('192.0.2.2'), 'forever'],
      [net('192.0.2.3'), after(20_000)],
    ]);
    const { sets } = desiredState(PBX, new Map([['block', blocks]]), now, 2);
    expect([...(sets.get('tg-block4')?.members ?? [])].map(([member]) => member)).toEqual(['192.0.2.2', '192.0.2.3']);
  });

  it.each(['was', 'block', 'all', 'trust', 'trial', 'Sip', 'a b', 'x'.repeat(21)])(
    'no service is called "%s"',
    (name) => {
      const services = [{ ...PBX.services[0], name }] as typeof PBX.services;
      expect(() => desiredState({ ...PBX, services }, new Map(), now)).toThrow(/service/);
    },
  );

  it('chains and sets have names that the kernel takes', () => {
    const port = (first: number) => ({ protocol: 'tcp' as const, first, last: first });
    const long = ['provisioning', 'a-service-of-the-admin'.slice(0, 20), 'another-long-service'].map((name, i) => ({
      name,
      ports: [port(1), port(2 + i)],
      guarded: true,
      signalling: false,
      policy: 'whitelist' as const,
    }));
    const { rules, sets } = desiredState({ ...PBX, mode: 'secure', services: long }, new Map(), now);
    expect(rules[4].chains.size).toBe(6);
    for (const chain of rules[4].chains.keys()) expect(chain.length).toBeLessThanOrEqual(28);
    for (const name of sets.keys()) expect(name.length).toBeLessThanOrEqual(31);
  });

  it('reads as sets first and the sets nobody names last', async () => {
    const lines = batchLines(await planFirewall(desiredState(PBX, new Map(), now), sip({})));
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# ipset restore',
      '# iptables-restore --noflush',
      '# ip6tables-restore --noflush',
    ]);
  });
});
