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

const GROUPS = [
  accountRecords,
  entryRecords,
  openEntryRecords,
  blocksOverRecords,
  groupRecords,
  declinedRecords,
  triedRecords,
  triesRecords,
  journalRecords,
  letterRecords,
  modeRecords,
  heardRecords,
  countryRecords,
  revisionRecords,
  toldRecords,
  wideRecords,
  lookBackRecords,
  forgetRecords,
  pepperRecords,
] as const;

type Group = ReturnType<(typeof GROUPS)[number]>;
/** What all groups have between them: so the compiler can hold it against `Records`. */
type All<One> = (One extends unknown ? (one: One) => void : never) extends (all: infer Every) => void ? Every : never;

export function recordsOf(session: Session): Records {
  return Object.assign({}, ...GROUPS.map((group) => group(session))) as All<Group>;
}

/**
 * For the many sessions that ask two or three questions each: a group is made when it is first asked, because all of
 * them are a hundred functions. `sample` is any session, to learn which group answers what. The methods are inherited: who
 * copies what is returned copies none.
 */
export function recordsAsAsked(sample: Session): (session: Session) => Records {
  const asked = {};
  for (const [i, group] of GROUPS.entries()) {
    for (const name of Object.keys(group(sample))) {
      Object.defineProperty(asked, name, {
        get(this: Asked) {
          return (this.made[i] ??= group(this.session) as Readonly<Record<string, unknown>>)[name];
        },
      });
    }
  }
  return (session) => Object.assign(Object.create(asked) as All<Group>, { session, made: [] } satisfies Asked);
}

interface Asked {
  readonly session: Session;
  /** By the number of the group. */
  readonly made: Readonly<Record<string, unknown>>[];
}
