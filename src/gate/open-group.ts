/** Lets in several networks as one: a range, a name or a provider, with what it takes the place of. */
import type { Entry, Group, GroupKind, NewEntry, NewGroup } from '../domain/entry';
import type { Network } from '../domain/network';
import type { EntryShape } from '../domain/shapes';
import type { Records } from '../domain/store';
import type { Cause, Doors, Replaced } from './doors';
import { shapeOfGroup } from './shape';
import type { Terms } from './terms';

/** What the group is called, and what it stands for now. Entries may have services of their own, as media networks do. */
export interface Grouped {
  readonly kind: GroupKind;
  readonly what: string;
  readonly entries: readonly NewEntry[];
  /** Undefined: it is let in. */
  readonly cause?: Cause;
}

/** All of it in one step, or nothing; what is the same asked for again renews it. */
export async function openGroup(
  doors: Doors,
  { kind, what, entries, cause }: Grouped,
  terms: Terms,
  dryRun: boolean | undefined,
): Promise<EntryShape> {
  const group: NewGroup = { ...terms, kind, what, state: 'opening' };
  if (dryRun) {
    const shown = entries.map((entry): Entry => ({ ...entry, id: 0, provedAt: undefined }));
    return shapeOfGroup({ ...group, id: 0, state: 'open' }, shown);
  }
  const opened = await doors.openAll({ group, entries }, cause ?? causeOf(terms), (records) =>
    renewed(records, group, terms),
  );
  if (!opened.group) throw new RangeError('a group was wanted and none was opened');
  return shapeOfGroup(opened.group, opened.entries);
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
