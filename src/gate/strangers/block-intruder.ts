/** Blocks by Tollgate itself: the kernel first, then calls and contacts; never what is protected. */
import { isAutomatic, type AUTOMATIC, type Entry, type NewEntry, type Until } from '../../domain/entry';
import { around, familyOf, isSingle, type Network } from '../../domain/network';
import type { Records } from '../../domain/store';
import { tellOwners } from '../announce';
import type { Doors } from '../doors/doors';
import type { Parts } from '../parts';
import { protectionOf } from '../doors/protected';

export type Outcome =
  | { readonly kind: 'blocked'; readonly network: Network; readonly until: Until }
  /** Why it was not. */
  | { readonly kind: 'spared'; readonly why: string }
  /** It is blocked already, or an entry of its own has just been closed. */
  | { readonly kind: 'done' };

export interface Intruder {
  readonly address: Network;
  readonly origin: keyof typeof AUTOMATIC;
  /** One sentence: the journal's. */
  readonly why: string;
  until(network: Network): Promise<Until>;
}

/** Rejects as `Doors.open` does, with nothing changed. */
export async function blockIntruder(parts: Parts, doors: Doors, intruder: Intruder): Promise<Outcome> {
  const { address, origin, why } = intruder;
  const { store, clock, rules } = parts;
  const now = clock.now();
  const covering = await store.liveEntriesCovering(address, now);
  if (covering.some(({ kind }) => kind === 'block')) return { kind: 'done' };
  const protection = await protectionOf(parts, address, 'itself', covering);
  if (protection) return { kind: 'spared', why: `it is ${protection.why}` };
  const leases = covering.filter(({ account }) => account !== undefined);
  if (leases.length > 0) return closeUnproven(parts, doors, { leases, why });
  const network = familyOf(address) === 6 && isSingle(address) ? around(address, rules.ipv6BlockPrefix) : address;
  const until = await intruder.until(network);
  const wanted: NewEntry = {
    kind: 'block',
    ...{ what: network, network, services: [], account: undefined, by: 'Tollgate', since: now, until },
    ...{ name: undefined, note: why, state: 'opening', origin },
  };
  await doors.open(wanted, { action: 'block', by: 'Tollgate', from: 'Asterisk', why }, async (records) => ({
    superseded: (await records.liveEntriesOn(network, now)).filter(isAutomatic),
    closing: [],
  }));
  return { kind: 'blocked', network, until };
}

/** A traveller's door is not shut by guesses from behind it, as long as his own phone has proved that he is there. */
async function closeUnproven(
  parts: Parts,
  doors: Doors,
  { leases, why }: { readonly leases: readonly Entry[]; readonly why: string },
): Promise<Outcome> {
  const unproven = leases.filter(({ provedAt }) => provedAt === undefined);
  if (unproven.length === 0) {
    const [lease] = leases;
    return { kind: 'spared', why: `entry ${lease?.id ?? ''} of account ${lease?.account ?? ''} is open for it` };
  }
  const cause = { action: 'revoke', by: 'Tollgate', from: 'Asterisk', why } as const;
  const tell = (records: Records) => tellOwners(parts, records, unproven, cause);
  await doors.close(() => Promise.resolve({ entries: unproven, cause, tell }));
  return { kind: 'spared', why: 'its door, from which no phone had registered yet, was closed' };
}
