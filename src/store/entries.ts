/** Entries: what is open or blocked, and what has been. */
import type { Selectable, Updateable } from 'kysely';
import type { Entry, NewEntry } from '../domain/entry';
import { covering, type Network } from '../domain/network';
import type { EntryPatch, Records } from '../domain/store';
import { optionalDate, readList, readUntil, toColumn, untilColumn } from './columns';
import type { EntryRow } from './schema';
import type { Session } from './session';

type EntryRecords = Pick<
  Records,
  | 'entry'
  | 'liveEntries'
  | 'liveEntriesOn'
  | 'liveEntriesCovering'
  | 'liveEntriesOf'
  | 'recentEntries'
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
      const query = db.selectFrom('entries').selectAll().where('id', '=', id);
      const row = await query.$if(session.locksRows, (q) => q.forUpdate()).executeTakeFirst();
      return row && readEntry(row);
    },
    async liveEntries(now, kind) {
      const rows = await liveRows(session, now)
        .$if(kind !== undefined, (q) => q.where('kind', '=', kind ?? 'allow'))
        .execute();
      return rows.map(readEntry);
    },
    async liveEntriesOn(network, now) {
      return (await entriesOn(session, [network], now).execute()).map(readEntry);
    },
    async liveEntriesCovering(network, now) {
      return (await entriesOn(session, covering(network), now).execute()).map(readEntry);
    },
    async liveEntriesOf(account, now) {
      return (await entriesOf(session, account, now).execute()).map(readEntry);
    },
    async recentEntries(since, limit) {
      const rows = await db
        .selectFrom('entries')
        .selectAll()
        .where('since', '>=', toColumn(since))
        .orderBy('since', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(readEntry);
    },
    async addEntry(entry) {
      const { insertId } = await db.insertInto('entries').values(entryRow(entry)).executeTakeFirstOrThrow();
      return { ...entry, id: Number(insertId), provedAt: undefined };
    },
    async changeEntry(id, patch) {
      const changes = patchColumns(patch);
      if (Object.keys(changes).length > 0) await db.updateTable('entries').set(changes).where('id', '=', id).execute();
    },
    dropOpening: () => endAll(session, (part) => openingRows(part)),
    endDue: (now) => endAll(session, (part) => dueRows(part, now)),
    async leasesToWarnOf(now, until, seconds) {
      const query = rowsToWarnOf(session, now, until, seconds);
      return (await query.$if(session.locksRows, (q) => q.forUpdate()).execute()).map(readEntry);
    },
    async outlastedLeases() {
      return (await outlastedRows(session).execute()).map(readEntry);
    },
  };
}

/** Later than any date. With "is null or later" SQLite reads every live entry rather than those on a network. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Live at `now`, oldest first. An entry is over at the very instant of its end. */
export function liveRows({ db }: Session, now: Date) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'open')
    .where((e) => e(e.fn.coalesce('until', e.lit(NEVER)), '>', toColumn(now)))
    .orderBy('since')
    .orderBy('id');
}

export function entriesOn(session: Session, networks: readonly Network[], now: Date) {
  return liveRows(session, now).where('network', 'in', networks);
}

export function entriesOf(session: Session, account: string, now: Date) {
  return liveRows(session, now).where('account', '=', account);
}

export function openingRows({ db }: Session) {
  return db.selectFrom('entries').selectAll().where('state', '=', 'opening').orderBy('id');
}

export function dueRows({ db }: Session, now: Date) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('state', '=', 'open')
    .where('until', '<=', toColumn(now))
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

export function outlastedRows({ db }: Session) {
  return db.selectFrom('entries').selectAll().where('media_until', '>', 0).orderBy('media_until').orderBy('id');
}

/** As many ids as every database takes in one statement. */
const AT_ONCE = 500;

function endAll(session: Session, rowsOf: (part: Session) => ReturnType<typeof openingRows>): Promise<Entry[]> {
  return session.atomically(async (part) => {
    const rows = await rowsOf(part)
      .$if(part.locksRows, (q) => q.forUpdate())
      .execute();
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      const ids = rows.slice(i, i + AT_ONCE).map((row) => row.id);
      await part.db.updateTable('entries').set({ state: 'ended' }).where('id', 'in', ids).execute();
    }
    return rows.map((row) => readEntry({ ...row, state: 'ended' }));
  });
}

function entryRow(entry: NewEntry): Omit<EntryRow, 'id'> {
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
  };
}

function patchColumns({
  until,
  state,
  provedAt,
  services,
  note,
  warnedAt,
  mediaUntil,
}: EntryPatch): Updateable<EntryRow> {
  return {
    ...(until !== undefined && { until: untilColumn(until) }),
    ...(state !== undefined && { state }),
    ...(provedAt !== undefined && { proved_at: toColumn(provedAt) }),
    ...(services !== undefined && { services: JSON.stringify(services) }),
    ...(note !== undefined && { note }),
    ...(warnedAt !== undefined && { warned_at: toColumn(warnedAt) }),
    ...(mediaUntil !== undefined && { media_until: mediaUntil === 'over' ? null : toColumn(mediaUntil) }),
  };
}

function readEntry(row: Selectable<EntryRow>): Entry {
  return {
    id: row.id,
    kind: row.kind,
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
  };
}
