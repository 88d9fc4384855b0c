/** The few entries that are wide, of the many that may be live: how much of the Internet is open already. */
import { familyOf, prefixOf, WIDE } from '../domain/network';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import { liveRows, readEntry } from './entries';
import type { Session } from './session';

export function wideRecords(session: Session): Pick<Records, 'liveWideEntries'> {
  return {
    async liveWideEntries(now) {
      const entries = (await wideRows(session, now).execute()).map(readEntry);
      return entries.filter(({ network }) => prefixOf(network) <= WIDE[familyOf(network)]);
    },
  };
}

/** A few more than are meant: text is compared, not numbers. */
export function wideRows(session: Session, now: Date) {
  return liveRows(session, toColumn(now))
    .where('kind', '=', 'allow')
    .where((e) => {
      const [six, short] = [e('network', 'like', '%:%'), [e('network', 'like', '%/_'), e('network', 'like', '%/1_')]];
      return e.or([...short, e.and([six, e.or([e('network', 'like', '%/2_'), e('network', 'like', '%/3_')])])]);
    });
}
