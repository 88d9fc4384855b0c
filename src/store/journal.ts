/** The journal: added to, never changed. */
import type { Selectable } from 'kysely';
import type { JournalLine } from '../domain/journal';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { JournalRow } from './schema';
import type { Session } from './session';

type JournalRecords = Pick<Records, 'addJournal' | 'journalLine' | 'journalAfter' | 'journalSince'>;

export function journalRecords({ db }: Session): JournalRecords {
  return {
    async addJournal(line, at) {
      const row: Omit<JournalRow, 'id'> = {
        happened_at: toColumn(at),
        action: line.action,
        done_by: line.by,
        what: line.what,
        done_from: line.from ?? null,
        why: line.why,
        entry: line.entry ?? null,
        previous: line.before ?? null,
      };
      const { insertId } = await db.insertInto('journal').values(row).executeTakeFirstOrThrow();
      return { ...line, id: Number(insertId), at };
    },
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
  };
}
