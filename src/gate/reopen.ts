/** Opens again what was open once. */
import { isBefore, type Group, type NewGroup, type Until } from '../domain/entry';
import { kindOf } from '../domain/live';
import type { EntryShape } from '../domain/shapes';
import type { Cause, Doors } from './doors';
import { shapeOfOpening } from './open-group';
import type { Parts } from './parts';

/** An entry or a group that was open until then. */
export interface Before {
  readonly id: number;
  readonly until: Until;
}

/** What would not have ended by now; a group with all of `before` that was part of it. */
export async function reopen(
  { store, clock }: Parts,
  doors: Doors,
  before: readonly Before[],
  causeOf: (action: 'allow' | 'block') => Cause,
): Promise<EntryShape[]> {
  const due = before.filter(({ until }) => isBefore(clock.now(), until));
  const entries = await Promise.all(due.map(async ({ id, until }) => ({ old: await store.entry(id), until })));
  const again = entries.flatMap(({ old, until }) => (old ? [{ ...old, until }] : []));
  const groups = await Promise.all(due.map(async ({ id, until }) => ({ old: await store.group(id), until })));
  const opened: EntryShape[] = [];
  for (const { old, until } of groups) {
    if (!old) continue;
    const members = again.filter(({ partOf }) => partOf === old.id);
    const wanted = { group: newGroup(old, until), entries: members, cause: causeOf(kindOf(old)) };
    opened.push(shapeOfOpening(await doors.openAll(wanted)));
  }
  for (const old of again.filter(({ partOf }) => partOf === undefined)) {
    opened.push(shapeOfOpening(await doors.openAll({ entries: [old], cause: causeOf(old.kind) })));
  }
  return opened;
}

function newGroup(
  { kind, what, services, by, since, name, note, state, isPrimary, origin }: Group,
  until: Until,
): NewGroup {
  const more = { ...(isPrimary && { isPrimary }), ...(origin !== undefined && { origin }) };
  return { ...{ kind, what, services, by, since, name, note, state }, until, ...more };
}
