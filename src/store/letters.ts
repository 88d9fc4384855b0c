/** The outbox: letters until they are sent, and what became of them. */
import type { Selectable } from 'kysely';
import type { QueuedLetter } from '../domain/letter';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { LetterRow, LetterState } from './schema';
import type { Session } from './session';
import { insert } from './statement';

type LetterRecords = Pick<Records, 'queueLetter' | 'dueLetters' | 'letterSent' | 'letterFailed' | 'letterCounts'>;

export function letterRecords(session: Session): LetterRecords {
  const { db } = session;
  return {
    async queueLetter({ to, subject, text, html }, messageId, at) {
      const row = {
        ...{ message_id: messageId, to_name: to.name, to_address: to.address, subject, text, html, tries: 0 },
        ...{ pbx: session.pbx, state: 'queued' as const, queued_at: toColumn(at), next_try_at: toColumn(at) },
      };
      return { to, subject, text, html, id: await insert(session, 'letters', row), messageId, queuedAt: at, tries: 0 };
    },
    async dueLetters(now, limit) {
      return (await dueLetterRows(session, now, limit).execute()).map(readLetter);
    },
    async letterSent(id, at) {
      // Its words have done their work: what stays is that and when it was sent.
      const done = { state: 'sent', sent_at: toColumn(at), next_try_at: null, text: '', html: '' } as const;
      await db.updateTable('letters').set(done).where('id', '=', id).execute();
    },
    async letterFailed(id, error, nextTry) {
      const state: LetterState = nextTry ? 'queued' : 'failed';
      await db
        .updateTable('letters')
        .set((e) => ({ state, tries: e('tries', '+', 1), last_error: error }))
        .set({ next_try_at: nextTry ? toColumn(nextTry) : null })
        .where('id', '=', id)
        .execute();
    },
    async letterCounts() {
      const rows = await db
        .selectFrom('letters')
        .select((e) => ['state', e.fn.countAll<number | string>().as('count')])
        .$if(session.shared, (q) => q.where('pbx', '=', session.pbx))
        .groupBy('state')
        .execute();
      const count = (state: LetterState) => Number(rows.find((row) => row.state === state)?.count ?? 0);
      const lastError = (await lastErrorOf(session, 'queued')) ?? (await lastErrorOf(session, 'failed'));
      return { waiting: count('queued'), failed: count('failed'), sent: count('sent'), lastError };
    },
  };
}

/** In a shared database each PBX sends what it has queued itself. */
export function dueLetterRows({ db, pbx, shared }: Session, now: Date, limit: number) {
  return db
    .selectFrom('letters')
    .selectAll()
    .$if(shared, (q) => q.where('pbx', '=', pbx))
    .where('state', '=', 'queued')
    .where('next_try_at', '<=', toColumn(now))
    .orderBy('id')
    .limit(limit);
}

/** What was last said about the newest letter in this state that could not be sent. */
async function lastErrorOf({ db, pbx, shared }: Session, state: LetterState): Promise<string | undefined> {
  const row = await db
    .selectFrom('letters')
    .select('last_error')
    .where('state', '=', state)
    .where('last_error', 'is not', null)
    .$if(shared, (q) => q.where('pbx', '=', pbx))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.last_error ?? undefined;
}

function readLetter(row: Selectable<LetterRow>): QueuedLetter {
  return {
    id: row.id,
    messageId: row.message_id,
    to: { name: row.to_name, address: row.to_address },
    subject: row.subject,
    text: row.text,
    html: row.html,
    queuedAt: new Date(row.queued_at),
    tries: row.tries,
  };
}
