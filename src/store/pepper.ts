/** The mark of the pepper with which PINs are kept. */
import type { PepperMark, Records } from '../domain/store';
import { toColumn } from './columns';
import type { PepperRow } from './schema';
import type { Session } from './session';

type PepperRecords = Pick<Records, 'pepperMark' | 'leavePepperMark' | 'savePepperMark'>;

const ONLY = 1;

export function pepperRecords({ db, pbx, shared }: Session): PepperRecords {
  const marked = db.selectFrom('pepper').selectAll().where('id', '=', ONLY);
  const rowOf = (mark: string, at: Date): PepperRow => ({ id: ONLY, mark, pbx, marked_at: toColumn(at) });
  return {
    async pepperMark() {
      const row = await marked.executeTakeFirst();
      return row && readMark(row);
    },
    async leavePepperMark(mark, at) {
      const first = db.insertInto('pepper').values(rowOf(mark, at));
      // Whoever comes second waits here for the first: a row that is not there yet cannot be locked.
      const unlessThere = shared
        ? first.onDuplicateKeyUpdate({ id: ONLY })
        : first.onConflict((on) => on.column('id').doNothing());
      await unlessThere.execute();
      return readMark(await marked.$if(shared, (q) => q.forUpdate()).executeTakeFirstOrThrow());
    },
    async savePepperMark(mark, at) {
      await db.replaceInto('pepper').values(rowOf(mark, at)).execute();
    },
  };
}

function readMark({ mark, pbx, marked_at }: PepperRow): PepperMark {
  return { mark, pbx, at: new Date(marked_at) };
}
