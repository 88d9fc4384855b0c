/** A firewall that only remembers: for tests of what is asked of it. The real one is held to its word elsewhere. */
import type {
  Change,
  Drift,
  Elements,
  Firewall,
  LegacyTables,
  Member,
  Neighbour,
  Policy,
} from '../../src/domain/firewall';
import type { Until } from '../../src/domain/entry';
import type { Network } from '../../src/domain/network';
import type { Clock } from '../../src/ports';
import { AppError } from '../../src/errors';
import { foretell } from '../../src/firewall/foretell';
import { legacyNeighbours } from '../../src/firewall/legacy-tables';
import { opensOneOf } from '../../src/firewall/opening-rules';

export interface MemoryFirewall extends Firewall {
  /** `set network`, sorted, of what is in force now. */
  held(): string[];
  policy: Policy | undefined;
  /** The next `change` fails. */
  failNext: boolean;
  /** What we may see of iptables-legacy ourselves. */
  legacySeen: LegacyTables;
  /** Others' rules, as `iptables -S` prints them. */
  foreignRules: string[];
  /** What others have changed; `apply` mends it unless it fails. */
  damage: Drift | undefined;
  applyFault: AppError | undefined;
  /** As the kernel's rules change. */
  rulesChange(): void;
}

export function memoryFirewall(clock: Clock): MemoryFirewall {
  const sets = new Map<string, Map<Network, Until>>();
  const listeners = new Set<() => void>();
  const put = ({ set, network, until }: Change) => {
    const members = sets.get(set) ?? new Map<Network, Until>();
    if (until === undefined) members.delete(network);
    else members.set(network, until);
    sets.set(set, members);
  };
  const secondsLeft = (until: Until) =>
    until === 'forever' ? undefined : Math.floor((until.getTime() - clock.now().getTime()) / 1000);
  const members = (): Member[] =>
    [...sets].flatMap(([set, all]) =>
      [...all].map(([network, until]) => ({ set, network, secondsLeft: secondsLeft(until), packets: 0 })),
    );
  const alive = () => members().filter((member) => member.secondsLeft === undefined || member.secondsLeft > 0);
  const firewall: MemoryFirewall = {
    policy: undefined,
    failNext: false,
    legacySeen: { 4: [], 6: [] },
    foreignRules: [],
    damage: undefined,
    applyFault: undefined,
    rulesChange: () => listeners.forEach((heard) => heard()),
    held: () =>
      alive()
        .map(({ set, network }) => `${set} ${network}`)
        .sort(),
    look: () => {
      const left = (set: string) => alive().filter((member) => member.set === set);
      const secondsOf = (set: string) =>
        new Map(left(set).map(({ network, secondsLeft: seconds = Infinity }) => [network, seconds] as const));
      return Promise.resolve({ at: clock.now(), secondsLeft: secondsOf });
    },
    apply(policy: Policy, elements: Elements) {
      if (firewall.applyFault) return Promise.reject(firewall.applyFault);
      firewall.policy = policy;
      sets.clear();
      for (const [set, all] of elements) sets.set(set, new Map(all));
      const lines = firewall.damage ? ['a rule'] : [];
      firewall.damage = undefined;
      return Promise.resolve(lines);
    },
    plan: () => Promise.resolve(['a line']),
    changesRules: () => false,
    foretell: (policy, elements, packets) => foretell(policy, elements, packets, clock.now()),
    change(changes) {
      if (firewall.failNext) {
        firewall.failNext = false;
        return Promise.reject(new AppError('FIREWALL_FAILED', 'the kernel said no', 'tollgate status'));
      }
      changes.forEach(put);
      return Promise.resolve();
    },
    restore({ dryRun }) {
      if (!dryRun && firewall.policy) firewall.policy = { ...firewall.policy, trial: undefined };
      if (!dryRun) firewall.damage = undefined;
      return Promise.resolve(['the firewall is restored']);
    },
    members: (set) => Promise.resolve(alive().filter((member) => set === undefined || member.set === set)),
    rules: () => Promise.resolve(firewall.policy ? ['-A INPUT -j TOLLGATE'] : []),
    trialSecondsLeft() {
      const left = firewall.policy?.trial && secondsLeft(firewall.policy.trial.until);
      return Promise.resolve(left !== undefined && left > 0 ? left : undefined);
    },
    neighbours(guarded = [], legacy = {}) {
      const opens = firewall.foreignRules.filter((rule) => opensOneOf(rule, guarded));
      const rules = opens.map((text): Neighbour => ({ family: 4, text }));
      return Promise.resolve([...rules, ...legacyNeighbours({ ...legacy, ...firewall.legacySeen })]);
    },
    snapshot: () => Promise.resolve({ iptables: '*filter\n', ip6tables: '*filter\n', ipset: '' }),
    drift: () => Promise.resolve(firewall.damage),
    listen(heard) {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
    async remove(remembered) {
      firewall.policy = undefined;
      sets.clear();
      await remembered?.();
    },
    close: () => Promise.resolve(),
  };
  return firewall;
}
