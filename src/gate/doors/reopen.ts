/** What was open once, to be opened again. */
import { isBefore, type Group, type NewGroup, type Until } from '../../domain/entry';
import { kindOf } from '../../domain/live';
import type { Cause, Wanted } from './doors';
import type { Parts } from '../parts';

/** An entry or a group that was open until then. */
export interface Before {
  readonly id: number;
  readonly until: Until;
}

/** What would not have ended by now; a group with all of `before` that was part of it. */
export async function wantedAgain(
  { store, clock }: Parts,
  before: readonly Before[],
  causeOf: (action: 'allow' | 'block') => Cause,
): Promise<readonly Wanted[]> {
  const due = before.filter(({ until }) => isBefore(clock.now(), until));
  const entries = await Promise.all(due.map(async ({ id, until }) => ({ old: await store.entry(id), until })));
  const again = entries.flatMap(({ old, until }) => (old ? [{ ...old, until }] : []));
  const groups = await Promise.all(due.map(async ({ id, until }) => ({ old: await store.group(id), until })));
  return [
    ...groups.flatMap(({ old, until }) => {
      if (!old) return [];
      const members = again.filter(({ partOf }) => partOf === old.id);
      return [{ group: newGroup(old, until), entries: members, cause: causeOf(kindOf(old)) }];
    }),
    ...again.filter(({ partOf }) => partOf === undefined).map((old) => ({ entries: [old], cause: causeOf(old.kind) })),
  ];
}

function newGroup(
  { kind, what, services, by, since, name, note, state, isPrimary, origin }: Group,
  until: Until,
): NewGroup {
  const more = { ...(isPrimary && { isPrimary }), ...(origin !== undefined && { origin }) };
  return { ...{ kind, what, services, by, since, name, note, state }, until, ...more };
}
