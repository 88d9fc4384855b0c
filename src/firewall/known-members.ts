/** What the kernel is known to hold, so that a change that fails can be put back without having looked before. */
import { isBefore, type Until } from '../domain/entry';
import type { KernelSet } from './kernel-state';
import { leftUntil, timeoutOf } from './time-left';
import type { Order } from './session';

export interface KnownMembers {
  /** As read from the kernel at that time; forgets what was known. */
  learn(sets: ReadonlyMap<string, KernelSet>, at: Date): void;
  readonly isEmpty: boolean;
  /** The order that was carried out. */
  note(order: Order, at: Date): void;
  /** The order that makes this member as it is known to be. */
  restoring(order: Order, now: Date): Order;
}

export function knownMembers(): KnownMembers {
  let known: ReadonlyMap<string, Map<string, Until>> = new Map();
  const end = (seconds: number, at: Date) => new Date(at.getTime() + seconds * 1000);
  return {
    get isEmpty() {
      return known.size === 0;
    },
    learn(sets, at) {
      const ends = ({ members }: KernelSet) =>
        [...members].map(([member, left]) => [member, left === 'forever' ? left : end(left, at)] as const);
      known = new Map([...sets].map(([name, set]) => [name, new Map(ends(set))]));
    },
    note({ set, member, timeoutSeconds }, at) {
      if (timeoutSeconds === undefined) known.get(set)?.delete(member);
      else known.get(set)?.set(member, timeoutSeconds === 0 ? 'forever' : end(timeoutSeconds, at));
    },
    restoring({ set, member }, now) {
      const until = known.get(set)?.get(member);
      const left = until !== undefined && isBefore(now, until) ? leftUntil(until, now) : undefined;
      return { set, member, timeoutSeconds: left === undefined ? undefined : timeoutOf(left) };
    },
  };
}
