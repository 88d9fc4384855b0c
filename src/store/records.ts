/** Every query, on the store itself or inside one of its transactions. */
import type { Records } from '../domain/store';
import { accountRecords } from './accounts';
import { blocksOverRecords } from './blocks-over';
import { countryRecords } from './countries';
import { declinedRecords } from './declined';
import { entryRecords } from './entries';
import { forgetRecords } from './forget';
import { groupRecords } from './groups';
import { heardRecords } from './heard';
import { journalRecords } from './journal';
import { openEntryRecords } from './open-entries';
import { letterRecords } from './letters';
import { lookBackRecords } from './look-back';
import { modeRecords } from './mode';
import { pepperRecords } from './pepper';
import { revisionRecords } from './revision';
import type { Session } from './session';
import { toldRecords } from './told';
import { triedRecords } from './tried';
import { triesRecords } from './tries';
import { wideRecords } from './wide';

export function recordsOf(session: Session): Records {
  return {
    ...accountRecords(session),
    ...entryRecords(session),
    ...openEntryRecords(session),
    ...blocksOverRecords(session),
    ...groupRecords(session),
    ...declinedRecords(session),
    ...triedRecords(session),
    ...triesRecords(session),
    ...journalRecords(session),
    ...letterRecords(session),
    ...modeRecords(session),
    ...heardRecords(session),
    ...countryRecords(session),
    ...revisionRecords(session),
    ...toldRecords(session),
    ...wideRecords(session),
    ...lookBackRecords(session),
    ...forgetRecords(session),
    ...pepperRecords(session),
  };
}
