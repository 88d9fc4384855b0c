/** What of the live entries the kernel is told: narrow rows in pages, because a start reads all of them. */
import type { Selectable } from 'kysely';
import type { OpenEntry } from '../domain/entry';
import { lastAnswer } from '../domain/last-answer';
import type { Network } from '../domain/network';
import { othersFirst } from '../domain/others-first';
import type { Records } from '../domain/store';
import { readList, readUntil, toColumn } from './columns';
import { isOneNetwork } from './entries';
import { revisionRecords } from './revision';
import type { EntryRow } from './schema';
import type { Session } from './session';

/** To read so many takes a few milliseconds, in which nobody else is served, ipset among them. */
const PAGE = 1_000;
/** What changes between two pages makes it begin again, so often; then all is one page. */
const MOST_TIMES = 3;

const COLUMNS = ['id', 'kind', 'network', 'services', 'account', 'until'] as const;
type Row = Pick<Selectable<EntryRow>, (typeof COLUMNS)[number]>;
type Last = Pick<Row, 'id' | 'until'>;

export function openEntryRecords(session: Session): Pick<Records, 'openEntries'> {
  const { revision } = revisionRecords(session);
  return {
    async openEntries(now) {
      for (let times = 1; times <= MOST_TIMES; times++) {
        const before = await revision();
        const entries = await readPages(session, now, PAGE);
        if ((await revision()) === before) return entries;
      }
      return readPages(session, now, Number.MAX_SAFE_INTEGER);
    },
  };
}

async function readPages(session: Session, now: Date, size: number): Promise<OpenEntry[]> {
  const read = openReader();
  const entries: OpenEntry[] = [];
  for (const rowsAfter of [timedRowsAfter, timelessRowsAfter]) {
    let last: Last | undefined = { id: 0, until: toColumn(now) };
    while (last) {
      const rows: Row[] = await rowsAfter(session, last, now).limit(size).execute();
      for (const row of rows) entries.push(read(row));
      last = rows.length === size ? rows.at(-1) : undefined;
      if (last) await othersFirst();
    }
  }
  return entries;
}

/** In the order of their ends. One is over at the very instant of its end. */
export function timedRowsAfter(session: Session, { id, until }: Last, now: Date) {
  const end = until ?? 0;
  return openRows(session)
    .where('until', '>=', end)
    .where('until', '>', toColumn(now))
    .where((e) => e.or([e('until', '>', end), e('id', '>', id)]))
    .orderBy('until')
    .orderBy('id');
}

export function timelessRowsAfter(session: Session, { id }: Last) {
  return openRows(session).where('until', 'is', null).where('id', '>', id).orderBy('id');
}

function openRows({ db }: Session) {
  return db.selectFrom('entries').select(COLUMNS).where('state', '=', 'open').where(isOneNetwork);
}

/** Rows come by their ends and many have the same: what they share is one object, because there may be a hundred thousand. */
function openReader(): (row: Row) => OpenEntry {
  const lists = new Map<string, readonly string[]>();
  const untilOf = lastAnswer(readUntil);
  return (row) => {
    const services = lists.get(row.services) ?? readList(row.services);
    lists.set(row.services, services);
    return {
      id: row.id,
      kind: row.kind === 'block' ? 'block' : 'allow', // a group has no network
      network: row.network as Network, // only canonical text is ever written
      services,
      account: row.account ?? undefined,
      until: untilOf(row.until),
      state: 'open',
    };
  };
}
