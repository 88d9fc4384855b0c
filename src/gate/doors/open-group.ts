/** What is to be let in as it was asked for, one network or several as one, with what it takes the place of. */
import type { Entry, Group, GroupKind, NewEntry, NewGroup } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { EntryShape } from '../../domain/shapes';
import type { Records } from '../../domain/store';
import type { Cause, Doors, Opening, Replaced, Wanted } from './doors';
import { shapeOfEntry, shapeOfGroup } from '../shape';
import type { Terms } from './terms';

/** What the group is called, and what it stands for now. Entries may have services of their own, as media networks do. */
export interface Grouped {
  readonly kind: GroupKind;
  readonly what: string;
  readonly entries: readonly NewEntry[];
  /** Undefined: it is let in. */
  readonly cause?: Cause;
}

/** What is the same asked for again renews it. */
export function groupWanted({ kind, what, entries, cause }: Grouped, terms: Terms): Wanted {
  const group: NewGroup = { ...terms, kind, what, state: 'opening' };
  return { group, entries, cause: cause ?? causeOf(terms), replaces: (records) => renewed(records, group, terms) };
}

/** All of it in one step, or nothing. */
export async function openWanted(doors: Doors, wanted: Wanted, dryRun: boolean | undefined): Promise<EntryShape> {
  if (!dryRun) return shapeOfOpening(await doors.openAll(wanted));
  const entries = wanted.entries.map((entry): Entry => ({ ...entry, id: 0, provedAt: undefined, state: 'open' }));
  const group = wanted.group && { ...wanted.group, id: 0, state: 'open' as const };
  return shapeOfOpening({ entries, group });
}

export function shapeOfOpening({ entries, group }: Pick<Opening, 'entries' | 'group'>): EntryShape {
  if (group) return shapeOfGroup(group, entries);
  const [entry] = entries;
  if (!entry) throw new RangeError('one entry was wanted and none was opened');
  return shapeOfEntry(entry);
}

/** One network that is let in on these terms. */
export function entryOn(network: Network, terms: Terms): NewEntry {
  return { ...terms, kind: 'allow', what: network, network, account: undefined, state: 'opening' };
}

async function renewed(records: Records, { kind, what }: NewGroup, terms: Terms): Promise<Replaced> {
  const there = (await records.liveGroups(terms.since)).filter(
    (group) => group.kind === kind && group.what === what && isRenewedBy(terms, group),
  );
  const superseded = await Promise.all(there.map(({ id }) => records.liveEntriesIn(id, terms.since)));
  return { superseded: superseded.flat(), closing: [], groups: there };
}

/** Was it let in by the same (a person, the same import) for the same services, and both or neither as the way in? */
export function isRenewedBy(terms: Terms, each: Entry | Group): boolean {
  return (
    each.origin === terms.origin &&
    (each.isPrimary === true) === (terms.isPrimary === true) &&
    [...each.services].sort().join() === [...terms.services].sort().join()
  );
}

export function causeOf({ services, by, origin }: Terms) {
  const why = `Allowed for ${services.join(', ')}${origin === undefined ? '' : `, by import ${origin}`}.`;
  return { action: 'allow', by, from: 'command', why } as const;
}
