/** What people revoked of an import and have not had back since. */
import type { Selectable } from 'kysely';
import type { Declined } from '../domain/entry';
import type { Records } from '../domain/store';
import { readList } from './columns';
import type { EntryRow } from './schema';
import type { Session } from './session';

export function declinedRecords(session: Session): Pick<Records, 'declined'> {
  return {
    async declined(origin) {
      return (await declinedRows(session, origin).execute()).map(readDeclined);
    },
  };
}

/** In a shared database each PBX has imports of its own. */
function declinedRows({ db, pbx, shared }: Session, origin: string) {
  return db
    .selectFrom('entries')
    .selectAll()
    .where('origin', '=', origin)
    .where('declined_by', 'is not', null)
    .$if(shared, (q) => q.where('pbx', '=', pbx))
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('entries as newer')
            .select('newer.id')
            .whereRef('newer.id', '>', 'entries.id')
            .whereRef('newer.origin', '=', 'entries.origin')
            .whereRef('newer.what', '=', 'entries.what')
            .whereRef('newer.services', '=', 'entries.services')
            .whereRef('newer.pbx', '=', 'entries.pbx')
            .where('newer.part_of', 'is', null)
            .where('newer.declined_by', 'is', null),
        ),
      ),
    )
    .orderBy('id');
}

function readDeclined({ what, services, until, declined_by }: Selectable<EntryRow>): Declined {
  return { what, services: readList(services), by: declined_by ?? '', at: new Date(until ?? 0) };
}
