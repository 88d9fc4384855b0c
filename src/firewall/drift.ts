/** Sees what others have changed of ours: rules as `nft monitor` tells and now and then, sets by their counts. */
import type { Drift } from '../domain/firewall';
import type { Clock, Log, Run } from '../ports';
import type { KernelState, Ruleset } from './kernel-state';
import type { KnownMembers } from './known-members';
import { FAMILIES } from './names';
import { readRules, setsIn } from './read';
import { monitorRules, type RuleMonitor } from './rule-monitor';
import type { SpawnSession } from './session-port';
import type { TerseList } from './terse-list';

export interface DriftWatch {
  /** What the kernel holds by our own doing, and when it was seen there. */
  learn(rules: KernelState['rules'], at: Date): void;
  /** Every member is about to be compared and mended: what others have put in place of ours is told by the next look. */
  compare(sets: KernelState['sets'], at: Date): void;
  /** Costs no process unless the rules have to be looked at: then two short ones. Rejects when a tool does. */
  look(): Promise<Drift | undefined>;
  /** Starts to listen; ends with what it returns. */
  listen(heard: () => void): () => void;
}

interface Ports {
  readonly run: Run;
  readonly spawnSession: SpawnSession;
  readonly clock: Clock;
  readonly log: Log;
  readonly known: KnownMembers;
  readonly sets: TerseList;
}

/** Rules are looked at so often although nothing was heard of them. */
const SLOW_POLL_MS = 10_000;

export function driftWatch({ run, spawnSession, clock, log, known, sets }: Ports): DriftWatch {
  let expected: KernelState['rules'] | undefined;
  let rulesGoodAt = clock.now();
  let setsGoodAt = clock.now();
  let rulesLookedAt = new Date(0);
  let isHeard = true;
  let monitor: RuleMonitor | undefined;
  let goodCounts = '';
  /** When every member was last as it should be. */
  let membersGoodAt = clock.now();
  let mended: Drift | undefined;

  async function lookAtRules(): Promise<readonly string[]> {
    const now = clock.now();
    const isDue = now.getTime() - rulesLookedAt.getTime() >= SLOW_POLL_MS;
    if (!expected || (!isHeard && monitor?.isUp && !isDue)) return [];
    const [since, wanted] = [rulesGoodAt, expected];
    isHeard = false; // what is heard from here on is of a later look
    const have = await readRules(run).catch((error: unknown) => {
      isHeard = true;
      throw error;
    });
    const found = FAMILIES.flatMap((family) =>
      changedRules(wanted[family], have[family]).map((what) => `IPv${family}: ${what}`),
    );
    rulesLookedAt = now;
    if (found.length > 0) isHeard = true;
    rulesGoodAt = found.length > 0 ? since : now;
    return found;
  }

  async function lookAtSets(): Promise<readonly string[]> {
    if (known.isEmpty) return [];
    const now = clock.now();
    const have = new Map(setsIn(await sets.ask()).map(({ name, count }) => [name, count]));
    const text = `${known.version} ${[...have].join(' ')}`;
    const found = text === goodCounts ? [] : changedSets(known.counts(now), have);
    if (found.length > 0) return found;
    goodCounts = text;
    setsGoodAt = now;
    return [];
  }

  return {
    learn(rules, at) {
      expected = rules;
      rulesGoodAt = setsGoodAt = membersGoodAt = at;
      goodCounts = '';
    },
    compare(sets, at) {
      const what = known.swapped(sets, at);
      if (what.length > 0) mended = { what, goodAt: membersGoodAt, isMended: true };
    },
    async look() {
      const found = mended;
      mended = undefined;
      if (found) return found;
      const [rules, members] = [await lookAtRules(), await lookAtSets()];
      if (rules.length + members.length === 0) return undefined;
      const goodAt =
        rules.length === 0 ? setsGoodAt : members.length === 0 ? rulesGoodAt : earlier(rulesGoodAt, setsGoodAt);
      return { what: [...rules, ...members], goodAt };
    },
    listen(heard) {
      isHeard = true; // nobody listened until now
      const hear = () => {
        // Nothing was heard until now, so until now they were as they should be.
        if (!isHeard && monitor?.isUp) rulesGoodAt = clock.now();
        isHeard = true;
        heard();
      };
      monitor = monitorRules(hear, { spawnSession, clock, log });
      return () => monitor?.close();
    },
  };
}

function changedRules(want: Ruleset, have: Ruleset): string[] {
  const same = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((x, i) => x === b[i]);
  const hook =
    have.hooks.length === 0 ? 'our hook in INPUT was gone' : 'our hook was not the first rule of INPUT, once';
  const chains = [...want.chains].flatMap(([name, rules]) => {
    const its = have.chains.get(name);
    if (!its) return [`chain ${name} was gone`];
    return same(rules, its) ? [] : [`chain ${name} was changed`];
  });
  const added = [...have.chains.keys()].filter((name) => !want.chains.has(name));
  return [
    ...(same(want.hooks, have.hooks) ? [] : [hook]),
    ...chains,
    ...added.map((name) => `a chain ${name} was added`),
  ];
}

function changedSets(
  want: ReadonlyMap<string, readonly [fewest: number, most: number]>,
  have: ReadonlyMap<string, number>,
): string[] {
  const changed = [...want].flatMap(([name, [fewest, most]]) => {
    const count = have.get(name);
    if (count === undefined) return [`set ${name} was gone`];
    return fewest <= count && count <= most ? [] : [`set ${name} had ${count} members instead of ${fewest}`];
  });
  // While sets are being exchanged there are others beside them for a moment.
  const added = [...have.keys()].filter((name) => !want.has(name) && !name.startsWith('tg-~'));
  return [...changed, ...added.map((name) => `a set ${name} was added`)];
}

function earlier(a: Date, b: Date): Date {
  return a.getTime() < b.getTime() ? a : b;
}
