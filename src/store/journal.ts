/** The journal: added to, never changed. */
import type { Selectable } from 'kysely';
import { AppError } from '../errors';
import type { JournalLine, NewJournalLine } from '../domain/journal';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import { hashOf, wellFormed } from './journal-chain';
import { checkJournal } from './journal-check';
import type { JournalRow } from './schema';
import type { Session } from './session';
import { insert, statement } from './statement';

type JournalRecords = Pick<Records, 'addJournal' | 'journalLine' | 'journalAfter' | 'journalSince' | 'checkJournal'>;

export function journalRecords(session: Session): JournalRecords {
  const { db } = session;
  return {
    checkJournal: () => checkJournal(db),
    addJournal: (line, at) =>
      session.atomically(async (part) => {
        const head = await headOf(part);
        const row = { id: Math.max(head.last_line, head.newest ?? 0) + 1, ...rowOf(line, at), pbx: part.pbx };
        const hash = hashOf(head.hash, row);
        await insert(part, 'journal', { ...row, hash });
        await moveHead(part, head.lines + 1, row.id, hash);
        return { ...line, id: row.id, at, ...(part.pbx !== '' && { pbx: part.pbx }) };
      }),
    async journalLine(id) {
      const row = await db.selectFrom('journal').selectAll().where('id', '=', id).executeTakeFirst();
      return row && readLine(row);
    },
    async journalAfter(id, limit) {
      const rows = await db.selectFrom('journal').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute();
      return rows.map(readLine);
    },
    async journalSince(since, limit) {
      const rows = await db
        .selectFrom('journal')
        .selectAll()
        .where('happened_at', '>=', toColumn(since))
        .orderBy('happened_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      // In the order in which things happened, also where the clock was set back.
      return rows.map(readLine).sort((a, b) => a.id - b.id);
    },
  };
}

export async function headOf(session: Session) {
  const [head] = (await askHead(session)).rows;
  if (head) return head;
  throw new AppError('STORE_FAILED', 'the journal has lost its head', 'put back a backup of the database');
}

/**
 * Locked, so that two writers do not both add to the same line. `newest` is more than `last_line` only when somebody else
 * has put lines there: they are no reason to open no more doors, and the check finds them.
 */
const askHead = statement(({ db, locksRows }) =>
  db
    .selectFrom('journal_head')
    .selectAll()
    .select((e) =>
      e
        .selectFrom('journal')
        .select((j) => j.fn.max('id').as('newest'))
        .as('newest'),
    )
    .where('journal_head.id', '=', 1)
    .$if(locksRows, (q) => q.forUpdate()),
);

const moveHead = statement(({ db }, lines: number, last_line: number, hash: string) =>
  db.updateTable('journal_head').set({ lines, last_line, hash }).where('id', '=', 1),
);

function rowOf(line: NewJournalLine, at: Date): Omit<Selectable<JournalRow>, 'id' | 'hash' | 'pbx'> {
  return {
    happened_at: toColumn(at),
    action: line.action,
    done_by: wellFormed(line.by),
    what: wellFormed(line.what),
    done_from: line.from === undefined ? null : wellFormed(line.from),
    why: wellFormed(line.why),
    entry: line.entry ?? null,
    previous: line.before === undefined ? null : wellFormed(line.before),
  };
}

function readLine(row: Selectable<JournalRow>): JournalLine {
  return {
    id: row.id,
    at: new Date(row.happened_at),
    action: row.action,
    by: row.done_by,
    what: row.what,
    from: row.done_from ?? undefined,
    why: row.why,
    entry: row.entry ?? undefined,
    before: row.previous ?? undefined,
    ...(row.pbx && { pbx: row.pbx }),
  };
}
