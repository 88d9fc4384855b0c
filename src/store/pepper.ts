/** The mark of the pepper with which PINs are kept. */
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { Session } from './session';

const ONLY = 1;

export function pepperRecords({ db, pbx, locksRows }: Session): Pick<Records, 'pepperMark' | 'savePepperMark'> {
  return {
    async pepperMark() {
      const query = db.selectFrom('pepper').selectAll().where('id', '=', ONLY);
      const row = await query.$if(locksRows, (q) => q.forUpdate()).executeTakeFirst();
      return row && { mark: row.mark, pbx: row.pbx, at: new Date(row.marked_at) };
    },
    async savePepperMark(mark, at) {
      await db
        .replaceInto('pepper')
        .values({ id: ONLY, mark, pbx, marked_at: toColumn(at) })
        .execute();
    },
  };
}
