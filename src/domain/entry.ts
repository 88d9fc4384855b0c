/** Entries: an address or network that is open for some services, or blocked. */
import type { Network } from './network';

/** When something ends. `forever` has no end. */
export type Until = Date | 'forever';

/** `opening`: recorded, but the kernel has not confirmed it yet and nobody was told; a restart drops it. */
export type EntryState = 'opening' | 'open' | 'ended';
export type EntryKind = 'allow' | 'block';

export interface Entry {
  readonly id: number;
  readonly kind: EntryKind;
  /** As it was asked for; for a plain address the same as `network`. */
  readonly what: string;
  readonly network: Network;
  /** Service or bundle names; empty for a block, which drops everything. */
  readonly services: readonly string[];
  /** The account that opened it by telephone; undefined for an admin's entry. */
  readonly account: string | undefined;
  /** Who did it: `account 12`, `root`, … */
  readonly by: string;
  readonly since: Date;
  readonly until: Until;
  readonly name: string | undefined;
  readonly note: string | undefined;
  readonly state: EntryState;
  /** Last time a good password came from there; undefined: never. */
  readonly provedAt: Date | undefined;
  /** The PBX that it was opened on, where PBXs have names. */
  readonly pbx?: string;
  /** When somebody closed it before its end. */
  readonly revokedAt?: Date;
}
export type NewEntry = Omit<Entry, 'id' | 'provedAt' | 'pbx' | 'revokedAt'>;

export function isBefore(now: Date, until: Until): boolean {
  return until === 'forever' || now.getTime() < until.getTime();
}

/** The later of two ends. */
export function later(a: Until, b: Until): Until {
  if (a === 'forever' || b === 'forever') return 'forever';
  return a.getTime() >= b.getTime() ? a : b;
}
