/** What the kernel is known to hold, so that a change that fails can be put back without having looked before. */
import { isBefore, type Until } from '../domain/entry';
import type { KernelSet } from './kernel-state';
import { leftUntil, timeoutOf, type Left } from './time-left';
import type { Order } from './session';

export interface KnownMembers {
  /** As read from the kernel at that time; forgets what was known. */
  learn(sets: ReadonlyMap<string, KernelSet>, at: Date): void;
  readonly isEmpty: boolean;
  /** The order that was carried out. */
  note(order: Order, at: Date): void;
  /** The order that makes this member as it is known to be. */
  restoring(order: Order, now: Date): Order;
  /** Grows whenever something is learnt or noted. */
  readonly version: number;
  /** Set -> the fewest and the most members that it may have now: ends are known to a few seconds only. */
  counts(now: Date): ReadonlyMap<string, readonly [fewest: number, most: number]>;
  /** What others have put in place of our members in sets whose counts are as they may be, one sentence each. */
  swapped(sets: ReadonlyMap<string, KernelSet>, now: Date): readonly string[];
}

/** Ends are read as whole seconds, and the kernel counts a member for a moment after its end. */
const END_KNOWN_TO_MS = 3000;
/** Of what is in a set no more. */
const NEVER = new Date(0);
const MOST_NAMED = 3;

export function knownMembers(): KnownMembers {
  let read: ReadonlyMap<string, KernelSet> = new Map();
  let readAt = new Date(0);
  /** What was changed since: set -> member -> its end; undefined: it is gone. */
  let changed = new Map<string, Map<string, Until | undefined>>();
  let version = 0;
  const end = (left: Left, at: Date) => (left === 'forever' ? left : new Date(at.getTime() + left * 1000));
  const untilOf = (set: string, member: string): Until | undefined => {
    const changes = changed.get(set);
    if (changes?.has(member)) return changes.get(member);
    const left = read.get(set)?.members.get(member);
    return left === undefined ? undefined : end(left, readAt);
  };
  const counts: KnownMembers['counts'] = (now) => {
    const ageSeconds = (now.getTime() - readAt.getTime()) / 1000;
    const known = [...read].map(([set, { members, whole }]) => {
      if (whole) return [set, [whole.count, whole.count]] as const;
      const changes = changed.get(set) ?? new Map<string, Until | undefined>();
      const tally = newTally();
      members.forEach((left, member) => {
        if (!changes.has(member)) tally.add(left === 'forever' ? Infinity : (left - ageSeconds) * 1000);
      });
      for (const until of changes.values())
        if (until !== undefined) tally.add(until === 'forever' ? Infinity : until.getTime() - now.getTime());
      return [set, tally.bounds()] as const;
    });
    return new Map(known);
  };
  /** Those that must be in the set still: not near their end. */
  const lasting = (set: string, now: Date) => {
    const all = [...namesOf(read.get(set)?.members ?? []), ...(changed.get(set)?.keys() ?? [])];
    const soon = new Date(now.getTime() + END_KNOWN_TO_MS);
    return [...new Set(all)].filter((member) => isBefore(soon, untilOf(set, member) ?? NEVER));
  };
  return {
    get isEmpty() {
      return read.size === 0;
    },
    learn(sets, at) {
      read = sets;
      readAt = at;
      changed = new Map();
      version++;
    },
    note({ set, member, timeoutSeconds }, at) {
      const changes = changed.get(set) ?? new Map<string, Until | undefined>();
      changes.set(member, timeoutSeconds === undefined ? undefined : end(timeoutSeconds || 'forever', at));
      changed.set(set, changes);
      version++;
    },
    restoring({ set, member }, now) {
      const until = untilOf(set, member);
      const left = until !== undefined && isBefore(now, until) ? leftUntil(until, now) : undefined;
      return { set, member, timeoutSeconds: left === undefined ? undefined : timeoutOf(left) };
    },
    get version() {
      return version;
    },
    counts,
    swapped(sets, now) {
      return [...counts(now)].flatMap(([set, [fewest, most]]) => {
        const has = sets.get(set);
        if (!has || has.whole || has.members.size < fewest || has.members.size > most) return [];
        const added = namesOf(has.members).filter((member) => untilOf(set, member) === undefined);
        if (added.length === 0) return [];
        const missing = lasting(set, now).filter((member) => !has.members.has(member));
        return [`set ${set} had ${some(added)} in place of ${some(missing)}`];
      });
    },
  };
}

function newTally() {
  let [fewest, most] = [0, 0];
  return {
    add(msLeft: number): void {
      if (msLeft > END_KNOWN_TO_MS) fewest++;
      if (msLeft > -END_KNOWN_TO_MS) most++;
    },
    bounds: () => [fewest, most] as const,
  };
}

function namesOf(members: Iterable<readonly [member: string, left: Left]>): string[] {
  return Array.from(members, ([member]) => member);
}

function some(members: readonly string[]): string {
  if (members.length <= MOST_NAMED) return members.join(', ') || 'what had ended';
  return `${members.slice(0, MOST_NAMED).join(', ')} and ${members.length - MOST_NAMED} more`;
}
