/** Takes away what is older than anybody asks for. */
import type { Older, Records } from '../domain/store';
import { toColumn } from './columns';
import { AT_ONCE } from './entries';
import { headOf } from './journal';
import { hashOf, NO_HASH } from './journal-chain';
import type { Session } from './session';

export function forgetRecords(session: Session): Pick<Records, 'forget'> {
  return {
    forget: (older, now) =>
      session.atomically(async (part) => {
        const lines = await forgetLines(part, older.journal);
        const entries = await forgetEntries(part, older.journal);
        return lines + entries + (await forgetLetters(part, older)) + (await forgetTries(part, older.journal, now));
      }),
  };
}

/**
 * The head remembers the last one that went, so that the first that stays can still be held to it. A line that does not
 * fit stays, with all after it: `checkJournal` must go on telling of it.
 */
async function forgetLines(part: Session, before: Date): Promise<number> {
  const { db } = part;
  const head = await headOf(part);
  const rows = await db.selectFrom('journal').selectAll().orderBy('id').limit(AT_ONCE).execute();
  let hash = head.forgotten_hash ?? NO_HASH;
  const gone: typeof rows = [];
  for (const row of rows) {
    if (row.happened_at >= toColumn(before) || hashOf(hash, row) !== row.hash) break;
    hash = row.hash;
    gone.push(row);
  }
  const last = gone.at(-1);
  if (!last) return 0;
  await db.deleteFrom('journal').where('id', '<=', last.id).execute();
  const forgotten = {
    ...{ forgotten_lines: (head.forgotten_lines ?? 0) + gone.length, forgotten_line: last.id },
    ...{ forgotten_hash: hash, forgotten_until: last.happened_at },
  };
  await db.updateTable('journal_head').set(forgotten).where('id', '=', 1).execute();
  return gone.length;
}

/** Groups too. Not the newest of all: some servers would give its number away again. */
async function forgetEntries(part: Session, before: Date): Promise<number> {
  const newest = await part.db
    .selectFrom('entries')
    .select((e) => e.fn.max('id').as('id'))
    .executeTakeFirst();
  const ids = (await endedBefore(part, before).execute()).map(({ id }) => id).filter((id) => id !== newest?.id);
  if (ids.length > 0) await part.db.deleteFrom('entries').where('id', 'in', ids).execute();
  return ids.length;
}

/** What ended without an end was never opened; it is as rare as a crash, and stays. So does what an import must not bring back. */
export function endedBefore({ db }: Session, before: Date) {
  return db
    .selectFrom('entries')
    .select('id')
    .where('state', '=', 'ended')
    .where('until', '<', toColumn(before))
    .where('declined_by', 'is', null)
    .orderBy('until')
    .limit(AT_ONCE);
}

/** Those that were given up are kept as long as the journal: the admin may still look why. */
async function forgetLetters({ db }: Session, { letters, journal }: Older): Promise<number> {
  const rows = await db
    .selectFrom('letters')
    .select('id')
    .where((e) =>
      e.or([
        e.and([e('state', '=', 'sent'), e('sent_at', '<', toColumn(letters))]),
        e.and([e('state', '=', 'failed'), e('queued_at', '<', toColumn(journal))]),
      ]),
    )
    .limit(AT_ONCE)
    .execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await db.deleteFrom('letters').where('id', 'in', ids).execute();
  return ids.length;
}

/** A lock that is over must be long over: the next one is then a first one again. */
async function forgetTries({ db }: Session, before: Date, now: Date): Promise<number> {
  await db
    .updateTable('tries')
    .set({ saved_at: toColumn(now) })
    .where('saved_at', 'is', null)
    .execute();
  const rows = await db
    .selectFrom('tries')
    .select('subject')
    .where('saved_at', '<', toColumn(before))
    .where((e) => e(e.fn.coalesce('locked_until', e.lit(0)), '<', toColumn(before)))
    .limit(AT_ONCE)
    .execute();
  const subjects = rows.map(({ subject }) => subject);
  if (subjects.length > 0) await db.deleteFrom('tries').where('subject', 'in', subjects).execute();
  return subjects.length;
}
