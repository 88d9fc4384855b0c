/** The count of changes of entries and of the word on countries, by which PBXs that share a database see what the others did. */
import type { Records } from '../domain/store';
import { AT_ONCE, readEntry } from './entries';
import type { Changed, Session } from './session';

type RevisionRecords = Pick<Records, 'revision' | 'changedElsewhere'>;

export function revisionRecords(session: Session): RevisionRecords {
  return {
    async revision() {
      const row = await session.db.selectFrom('revision').select('number').where('id', '=', 1).executeTakeFirst();
      return row?.number ?? 0;
    },
    async changedElsewhere(since) {
      return (await changedRows(session, since).execute()).map(readEntry);
    },
  };
}

export function changedRows({ db, pbx }: Session, since: number) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('revision', '>', since)
    .where('changed_on', '!=', pbx)
    .orderBy('revision')
    .orderBy('id');
}

/**
 * Puts the next revision on the entries that a transaction has changed. It is its last step: whoever counts holds the
 * count until he has committed, so that revisions appear in their order and none is missed, and nothing is locked after it.
 */
export async function stamp({ db, shared, pbx }: Session, changed: ReadonlySet<Changed>): Promise<void> {
  if (changed.size === 0) return;
  const first = db.insertInto('revision').values({ id: 1, number: 1 });
  const counted = shared
    ? first.onDuplicateKeyUpdate((e) => ({ number: e('number', '+', 1) }))
    : first.onConflict((on) => on.column('id').doUpdateSet((e) => ({ number: e('revision.number', '+', 1) })));
  await counted.execute();
  const { number } = await db.selectFrom('revision').select('number').where('id', '=', 1).executeTakeFirstOrThrow();
  const ids = [...changed].filter((what) => what !== 'countries');
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = ids.slice(i, i + AT_ONCE);
    await db.updateTable('entries').set({ revision: number, changed_on: pbx }).where('id', 'in', some).execute();
  }
}
