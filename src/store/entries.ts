/** Entries: what is open or blocked, and what has been. */
import type { ExpressionBuilder, Selectable, Updateable } from 'kysely';
import type { Entry, EntryKind, NewEntry } from '../domain/entry';
import { covering, type Network } from '../domain/network';
import type { EntryPatch, Records } from '../domain/store';
import { optionalDate, readList, readUntil, toColumn, untilColumn } from './columns';
import type { EntryRow, Schema } from './schema';
import type { Session } from './session';
import { insert, statement } from './statement';

type EntryRecords = Pick<
  Records,
  | 'entry'
  | 'liveEntries'
  | 'liveEntriesOn'
  | 'liveEntriesCovering'
  | 'liveEntriesOf'
  | 'liveEntriesCalled'
  | 'recentEntries'
  | 'blocksSince'
  | 'addEntry'
  | 'changeEntry'
  | 'dropOpening'
  | 'endDue'
  | 'leasesToWarnOf'
  | 'outlastedLeases'
>;

export function entryRecords(session: Session): EntryRecords {
  const { db } = session;
  return {
    async entry(id) {
      const [row] = (await askEntry(session, id)).rows;
      return row && readEntry(row);
    },
    async liveEntries(now, kind) {
      const rows = await liveRows(session, toColumn(now))
        .$if(kind !== undefined, (q) => q.where('kind', '=', kind ?? 'allow'))
        .execute();
      return rows.map(readEntry);
    },
    async liveEntriesOn(network, now) {
      return (await askOn(session, toColumn(now), network)).rows.map(readEntry);
    },
    async liveEntriesCovering(network, now) {
      return (await askOn(session, toColumn(now), ...covering(network))).rows.map(readEntry);
    },
    async liveEntriesOf(account, now) {
      return (await entriesOf(session, account, now).execute()).map(readEntry);
    },
    async liveEntriesCalled(what, network, now) {
      // By its network an index finds it; a name is looked for in all of them.
      if (network !== undefined) return (await askOn(session, toColumn(now), network)).rows.map(readEntry);
      const rows = liveRows(session, toColumn(now)).where((e) =>
        typeof what === 'number' ? e('id', '=', what) : e.or([e('name', '=', what), e('what', '=', what)]),
      );
      return (await rows.execute()).map(readEntry);
    },
    async recentEntries(since, limit) {
      const rows = await db
        .selectFrom('entries')
        .selectAll()
        .where('since', '>=', toColumn(since))
        .where(isOneNetwork)
        .orderBy('since', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(readEntry);
    },
    async blocksSince(network, origin, since) {
      const [counted] = (await askBlocks(session, network, origin, toColumn(since))).rows;
      return counted?.blocks ?? 0;
    },
    addEntry: (entry) => session.atomically((part) => add(part, entry)),
    changeEntry: (id, patch) => session.atomically((part) => change(part, id, patch)),
    async dropOpening() {
      const ended = await endAll(session, openingRows);
      return ended.filter(({ network }) => network !== '').map(readEntry);
    },
    async endDue(now) {
      return (await endAll(session, (part) => dueRows(part, now).where(isOneNetwork))).map(readEntry);
    },
    async leasesToWarnOf(now, until, seconds) {
      const query = rowsToWarnOf(session, now, until, seconds);
      return (await query.$if(session.locksRows, (q) => q.forUpdate()).execute()).map(readEntry);
    },
    async outlastedLeases() {
      return (await askOutlasted(session)).rows.map(readEntry);
    },
  };
}

async function add(part: Session, entry: NewEntry): Promise<Entry> {
  const row = entryRow(entry, part.pbx);
  const id = await insert(part, 'entries', row);
  if (entry.state !== 'opening') part.changed(id); // nobody has to know of what no kernel has confirmed
  return readEntry({ ...row, id });
}

async function change(part: Session, id: number, patch: EntryPatch): Promise<void> {
  const changes = patchColumns(patch);
  if (Object.keys(changes).length === 0) return;
  await part.db.updateTable('entries').set(changes).where('id', '=', id).execute();
  const { until, state, services, mediaUntil } = patch;
  if (until ?? state ?? services ?? mediaUntil) part.changed(id);
}

/** Later than any date. With "is null or later" SQLite reads every live entry rather than those on a network. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** An entry, and no group of them. */
export function isOneNetwork(e: ExpressionBuilder<Schema, 'entries'>) {
  return e('network', '!=', '');
}

/** Live entries at `at`, oldest first. */
export function liveRows(session: Session, at: number) {
  return liveOfAllKinds(session, at).where(isOneNetwork);
}

/** Entries and groups. One is over at the very instant of its end. */
export function liveOfAllKinds({ db }: Session, at: number) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'open')
    .where((e) => e(e.fn.coalesce('until', e.lit(NEVER)), '>', at))
    .orderBy('since')
    .orderBy('id');
}

export function entriesOn(session: Session, networks: readonly Network[], at: number) {
  return liveRows(session, at).where('network', 'in', networks);
}

/** Each door and each attack asks these, some of them several times. */
const askOn = statement((session, at: number, ...networks: readonly Network[]) => entriesOn(session, networks, at));
const askOutlasted = statement(outlastedRows);
const askEntry = statement(({ db, locksRows }, id: number) =>
  db
    .selectFrom('entries')
    .selectAll()
    .where('id', '=', id)
    .where(isOneNetwork)
    .$if(locksRows, (q) => q.forUpdate()),
);
const askBlocks = statement(({ db }, network: Network, origin: string, since: number) =>
  db
    .selectFrom('entries')
    .select((e) => e.fn.countAll<number>().as('blocks'))
    .where('network', '=', network)
    .where('kind', '=', 'block')
    .where('origin', '=', origin)
    .where('since', '>=', since),
);

export function entriesOf(session: Session, account: string, now: Date) {
  return liveRows(session, toColumn(now)).where('account', '=', account);
}

/** In a shared database another PBX may be about to open its own. */
export function openingRows({ db, pbx, shared }: Session) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'opening')
    .$if(shared, (q) => q.where('pbx', '=', pbx))
    .orderBy('id');
}

/** In a shared database the PBX that opened it, which knows of its calls, ends it; others do when that one is away. */
export function dueRows({ db, pbx, shared }: Session, now: Date) {
  const late = toColumn(now) - AWAY_MS;
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'open')
    .where('until', '<=', toColumn(now))
    .$if(shared, (q) => q.where((e) => e.or([e('pbx', '=', pbx), e('until', '<=', late)])))
    .orderBy('id');
}

export function rowsToWarnOf({ db }: Session, now: Date, until: Date, seconds: number) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'open')
    .where('until', '>', toColumn(now))
    .where('until', '<=', toColumn(until))
    .where('account', 'is not', null)
    .where('warned_at', 'is', null)
    .where((e) => e(e('until', '-', e.ref('since')), '>=', seconds * 1000))
    .orderBy('id');
}

/** In a shared database only the PBX that opened it knows of the calls. */
export function outlastedRows({ db, pbx, shared }: Session) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('media_until', '>', 0)
    .$if(shared, (q) => q.where('pbx', '=', pbx))
    .orderBy('media_until')
    .orderBy('id');
}

/** A PBX that has not ended its lease so long after its time is away. */
const AWAY_MS = 30_000;

/** As many ids as every database takes in one statement. */
export const AT_ONCE = 500;

export function endAll(
  session: Session,
  rowsOf: (part: Session) => ReturnType<typeof openingRows>,
): Promise<Selectable<EntryRow>[]> {
  return session.atomically(async (part) => {
    const rows = await rowsOf(part)
      .$if(part.locksRows, (q) => q.forUpdate())
      .execute();
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      const ids = rows.slice(i, i + AT_ONCE).map((row) => row.id);
      await part.db.updateTable('entries').set({ state: 'ended' }).where('id', 'in', ids).execute();
    }
    for (const { id, network } of rows) if (network !== '') part.changed(id);
    return rows.map((row) => ({ ...row, state: 'ended' }));
  });
}

function entryRow(entry: NewEntry, pbx: string): Omit<EntryRow, 'id' | 'revision'> & { readonly revision: number } {
  return {
    kind: entry.kind,
    what: entry.what,
    network: entry.network,
    services: JSON.stringify(entry.services),
    account: entry.account ?? null,
    opened_by: entry.by,
    since: toColumn(entry.since),
    until: untilColumn(entry.until),
    name: entry.name ?? null,
    note: entry.note ?? null,
    state: entry.state,
    proved_at: null,
    warned_at: null,
    media_until: null,
    ...{ pbx, revoked_at: null, revision: 0, changed_on: null },
    part_of: entry.partOf ?? null,
    is_primary: entry.isPrimary ? 1 : null,
    ...{ origin: entry.origin ?? null, declined_by: null },
    ...NOT_FOLLOWED,
  };
}

/** Only what groups have is followed. */
export const NOT_FOLLOWED = {
  ...{ stale_since: null, stale_told_at: null, refused: null, checked_by: null, checked_at: null },
} as const;

function patchColumns({
  until,
  state,
  provedAt,
  services,
  note,
  warnedAt,
  mediaUntil,
  revokedAt,
  declinedBy,
}: EntryPatch): Updateable<EntryRow> {
  return {
    ...(until !== undefined && { until: untilColumn(until) }),
    ...(state !== undefined && { state }),
    ...(provedAt !== undefined && { proved_at: toColumn(provedAt) }),
    ...(services !== undefined && { services: JSON.stringify(services) }),
    ...(note !== undefined && { note }),
    ...(warnedAt !== undefined && { warned_at: toColumn(warnedAt) }),
    ...(revokedAt !== undefined && { revoked_at: toColumn(revokedAt) }),
    ...(declinedBy !== undefined && { declined_by: declinedBy }),
    ...(mediaUntil !== undefined && { media_until: mediaUntil === 'over' ? null : toColumn(mediaUntil) }),
  };
}

export function readEntry(row: Selectable<EntryRow>): Entry {
  return {
    id: row.id,
    kind: row.kind as EntryKind, // a group has no network and is read as one
    what: row.what,
    network: row.network as Network, // only canonical text is ever written
    services: readList(row.services),
    account: row.account ?? undefined,
    by: row.opened_by,
    since: new Date(row.since),
    until: readUntil(row.until),
    name: row.name ?? undefined,
    note: row.note ?? undefined,
    state: row.state,
    provedAt: optionalDate(row.proved_at),
    ...(row.pbx && { pbx: row.pbx }),
    ...(row.revoked_at !== null && { revokedAt: new Date(row.revoked_at) }),
    ...(row.part_of !== null && { partOf: row.part_of }),
    ...(row.is_primary !== null && { isPrimary: true }),
    ...(row.origin !== null && { origin: row.origin }),
  };
}
