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
  /** The group that it is one network of; it begins and ends with it, and people see the group. */
  readonly partOf?: number;
  /** The admin's own way in: only `revoke --admin` ends it. */
  readonly isPrimary?: boolean;
  /** The import that brought it, as `freepbx`, which also takes it away again; undefined: a person. */
  readonly origin?: string;
}
/** As much of an entry as says what the kernel must hold, and which it is. */
export type OpenEntry = Pick<Entry, 'id' | 'kind' | 'network' | 'services' | 'account' | 'until' | 'state'>;
export type NewEntry = Omit<Entry, 'id' | 'provedAt' | 'pbx' | 'revokedAt'>;

/** `name`: its addresses are followed as they change. `provider`: a preset of names and networks. `range`: first to last. */
export type GroupKind = 'name' | 'provider' | 'range';

/** What people let in as one and what stands for several networks; each of them is an entry that is `partOf` it. */
export interface Group {
  readonly id: number;
  readonly kind: GroupKind;
  /** As it was asked for: `office.example.com`, `callcentric`, `192.0.2.10-192.0.2.20`. */
  readonly what: string;
  readonly services: readonly string[];
  readonly by: string;
  readonly since: Date;
  readonly until: Until;
  readonly name: string | undefined;
  readonly note: string | undefined;
  readonly state: EntryState;
  readonly isPrimary?: boolean;
  readonly origin?: string;
  readonly pbx?: string;
  /** Since when its addresses could not be asked for; the last good ones stay. */
  readonly staleSince?: Date;
  /** When the admin was told that it is stale. */
  readonly staleToldAt?: Date;
  /** What its name answers with and is not let in. */
  readonly refused?: readonly Network[];
  /** Where PBXs share a database: which of them follows it, and when it last looked. */
  readonly checkedBy?: string;
  readonly checkedAt?: Date;
}
type Followed = 'staleSince' | 'staleToldAt' | 'refused' | 'checkedBy' | 'checkedAt';
export type NewGroup = Omit<Group, 'id' | 'pbx' | Followed>;

/** What Tollgate itself blocks. By telephone a traveller lifts such a block of his address, never one that an admin made. */
export const AUTOMATIC = { attack: 'attack', stranger: 'stranger' } as const;

export function isAutomatic({ kind, origin }: Pick<Entry, 'kind' | 'origin'>): boolean {
  return kind === 'block' && (origin === AUTOMATIC.attack || origin === AUTOMATIC.stranger);
}

/** Imports of what other systems hold. A list that people keep says itself what is to be there, and what is not. */
const OF_SYSTEMS: readonly (string | undefined)[] = ['freepbx', 'asterisk', 'iptables'];

/** Does it stay away once a person has revoked it, although its system goes on naming it? */
export function isDeclinable({ origin }: Pick<Entry, 'origin'>): boolean {
  return OF_SYSTEMS.includes(origin);
}

/** What a person revoked of an import. */
export interface Declined {
  /** As it was asked for. */
  readonly what: string;
  /** Empty: it was a block. */
  readonly services: readonly string[];
  readonly by: string;
  readonly at: Date;
}

export function isBefore(now: Date, until: Until): boolean {
  return until === 'forever' || now.getTime() < until.getTime();
}

/** The later of two ends. */
export function later(a: Until, b: Until): Until {
  if (a === 'forever' || b === 'forever') return 'forever';
  return a.getTime() >= b.getTime() ? a : b;
}
