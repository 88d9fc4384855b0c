/** Revoke and unblock: what an id, a name or an address means, and its end. */
import type { Entry, EntryKind, Group } from '../../domain/entry';
import { kindOf, type Live } from '../../domain/live';
import { parseNetwork } from '../../domain/network';
import type { EntryShape } from '../../domain/shapes';
import { AppError } from '../../errors';
import { tellOwners } from '../announce';
import type { Doors, Leaving } from './doors';
import type { Asked } from './entries';
import type { Parts } from '../parts';
import { shapeOfEntry, shapeOfGroup } from '../shape';
import { canonicalText } from './what';

export interface ClosedShape {
  readonly closed: readonly EntryShape[];
  /** Channels that were hung up; null: Asterisk did not answer, calls may still be up. */
  readonly callsHungUp: readonly string[] | null;
  /** Entries that keep the same addresses open all the same. */
  readonly stillOpenBy: readonly EntryShape[];
}
export interface CloseAsked extends Asked {
  readonly what: string;
  /** Also when it is the admin's own way in. */
  readonly admin?: boolean;
}

export function revoke(parts: Parts, doors: Doors, asked: CloseAsked): Promise<ClosedShape> {
  return close(parts, doors, asked, 'allow');
}

export function unblock(parts: Parts, doors: Doors, asked: CloseAsked): Promise<ClosedShape> {
  return close(parts, doors, asked, 'block');
}

async function close(parts: Parts, doors: Doors, asked: CloseAsked, kind: EntryKind): Promise<ClosedShape> {
  const find = () => leavingFor(parts, asked, kind);
  const closed = asked.dryRun ? { groups: [], ...(await find()), calls: [] } : await doors.close(find);
  const gone = new Set(closed.entries.map((entry) => entry.id));
  const now = parts.clock.now();
  const covering = await Promise.all(
    closed.entries.map((entry) => parts.store.liveEntriesCovering(entry.network, now)),
  );
  const still = new Map(covering.flat().map((entry) => [entry.id, entry]));
  const membersOf = (group: Group) => closed.entries.filter(({ partOf }) => partOf === group.id);
  return {
    closed: [
      ...closed.entries.filter(({ partOf }) => partOf === undefined).map(shapeOfEntry),
      ...closed.groups.map((group) => shapeOfGroup(group, membersOf(group))),
    ],
    callsHungUp: closed.calls ?? null,
    stillOpenBy: [...still.values()].filter((entry) => entry.kind === kind && !gone.has(entry.id)).map(shapeOfEntry),
  };
}

async function leavingFor(parts: Parts, asked: CloseAsked, kind: EntryKind): Promise<Leaving> {
  const { entries: single, groups } = await found(parts, asked.what, kind);
  if (!asked.admin) refuseThePrimary([...single, ...groups], asked.what);
  const now = parts.clock.now();
  const members = await Promise.all(groups.map(({ id }) => parts.store.liveEntriesIn(id, now)));
  const entries = [...single, ...members.flat()];
  const [action, why] =
    kind === 'allow'
      ? (['revoke', 'Revoked by the admin.'] as const)
      : (['unblock', 'Unblocked by the admin.'] as const);
  const cause = { action, by: asked.by, from: 'command', why };
  return { entries, groups, cause, tell: (records) => tellOwners(parts, records, entries, cause) };
}

interface Found {
  readonly entries: readonly Entry[];
  readonly groups: readonly Group[];
}

/** An address means every entry on exactly it; a name must mean one thing. Rejects with NOT_FOUND or AMBIGUOUS. */
async function found(parts: Parts, what: string, kind: EntryKind): Promise<Found> {
  const { store, clock } = parts;
  const now = clock.now();
  const id = /^#?(\d{1,15})$/.exec(what)?.[1];
  const text = canonicalText(what);
  const isMeant = (each: Live) =>
    id === undefined ? each.name === what || [what, text].includes(each.what) : each.id === Number(id);
  const live = await store.liveEntriesCalled(id === undefined ? what : Number(id), parseNetwork(text), now);
  const outlasted = kind === 'allow' ? await store.outlastedLeases() : [];
  const over = outlasted.filter(
    (entry) => isMeant(entry) || (id === undefined && entry.network === parseNetwork(text)),
  );
  const entries = [...live.filter((entry) => entry.kind === kind && entry.partOf === undefined), ...over];
  const groups = (await store.liveGroups(now)).filter((group) => kindOf(group) === kind && isMeant(group));
  refuseAmbiguous(entries, groups, what);
  if (entries.length + groups.length === 0) throw await notFound(parts, what, kind);
  return { entries, groups };
}

function refuseAmbiguous(entries: readonly Entry[], groups: readonly Group[], name: string): void {
  const called = [...entries, ...groups].filter((each) => each.name === name);
  const different = new Set(called.map((each) => ('network' in each ? each.network : `group ${each.id}`)));
  if (different.size <= 1) return;
  const those = called.map((each) => `${each.id} (${each.what})`).join(', ');
  throw new AppError('AMBIGUOUS', `"${name}" is the name of more than one entry: ${those}`, 'say one by its number');
}

/** Rejects with REFUSED when one of them is the admin's own way in. */
export function refuseThePrimary(those: readonly Live[], what: string): void {
  const primary = those.find(({ isPrimary }) => isPrimary);
  if (!primary) return;
  const happened = `${primary.what} is the admin's own way in, which always has access`;
  throw new AppError('REFUSED', happened, `if you can come in another way: tollgate revoke --admin ${what}`);
}

async function notFound({ store, clock }: Parts, what: string, kind: EntryKind): Promise<AppError> {
  const network = parseNetwork(canonicalText(what));
  const covering = network ? await store.liveEntriesCovering(network, clock.now()) : [];
  const near = covering.find((entry) => entry.kind === kind);
  const command = kind === 'allow' ? 'revoke' : 'unblock';
  const id = near?.partOf ?? near?.id;
  const hint =
    id === undefined ? 'tollgate list shows every entry' : `it lies in entry ${id}: tollgate ${command} ${id}`;
  return new AppError('NOT_FOUND', `no ${kind === 'allow' ? 'open' : 'block'} entry is called "${what}"`, hint);
}
