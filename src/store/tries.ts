/** Counts of failed tries: one per subject since its last success, and one over time. */
import type { Records, Tries } from '../domain/store';
import { optionalDate, toColumn } from './columns';
import type { Session } from './session';

type TriesRecords = Pick<Records, 'tries' | 'saveTries' | 'addFailure' | 'failuresSince' | 'takeBackFailure'>;

const FAILURES_KEPT_MS = 24 * 60 * 60 * 1000;

export function triesRecords(session: Session): TriesRecords {
  const { db } = session;
  return {
    async tries(subject) {
      if (session.locksRows) await lockSubject(session, subject);
      const query = db.selectFrom('tries').selectAll().where('subject', '=', subject);
      const row = await query.$if(session.locksRows, (q) => q.forUpdate()).executeTakeFirst();
      return {
        subject,
        failures: row?.failures ?? 0,
        locks: row?.locks ?? 0,
        lockedUntil: optionalDate(row?.locked_until ?? null),
      };
    },
    async saveTries({ subject, failures, locks, lockedUntil }: Tries, at) {
      const locked_until = lockedUntil ? toColumn(lockedUntil) : null;
      await db
        .replaceInto('tries')
        .values({ subject, failures, locks, locked_until, saved_at: toColumn(at) })
        .execute();
    },
    async addFailure(subject, at) {
      const failed_at = toColumn(at);
      await session.atomically(async (part) => {
        await part.db
          .deleteFrom('failures')
          .where('failed_at', '<', failed_at - FAILURES_KEPT_MS)
          .execute();
        await part.db.insertInto('failures').values({ subject, failed_at }).execute();
      });
    },
    async failuresSince(subject, since) {
      const { count } = await db
        .selectFrom('failures')
        .select((e) => e.fn.countAll<number | string>().as('count'))
        .where('subject', '=', subject)
        .where('failed_at', '>=', toColumn(since))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async takeBackFailure(subject, at) {
      await session.atomically(async (part) => {
        const one = await part.db
          .selectFrom('failures')
          .select('id')
          .where('subject', '=', subject)
          .where('failed_at', '=', toColumn(at))
          .orderBy('id', 'desc')
          .limit(1)
          .$if(part.locksRows, (q) => q.forUpdate())
          .executeTakeFirst();
        if (one) await part.db.deleteFrom('failures').where('id', '=', one.id).execute();
      });
    },
  };
}

/**
 * A row that does not exist cannot be locked, so it is made. "On duplicate key" takes the exclusive lock at once, where
 * "insert ignore" takes a shared one and two callers of it would deadlock.
 */
async function lockSubject({ db }: Session, subject: string): Promise<void> {
  const none = { subject, failures: 0, locks: 0, locked_until: null, saved_at: null };
  await db.insertInto('tries').values(none).onDuplicateKeyUpdate({ subject }).execute();
}
