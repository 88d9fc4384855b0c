/** What a change of the tables leads to: of one that is made here at once, of another PBX's as soon as it is seen. */
import type { CountryRules } from '../../domain/country';
import { oneAtATime } from '../../domain/one-at-a-time';
import type { Cause } from '../doors/doors';
import type { Parts } from '../parts';
import type { StrangerWatch } from '../strangers/stranger-watch';
import { byCountry } from './permitted-networks';

export interface TableChanges {
  /**
   * At a start, when all is read as a whole: what the store says now is in force. What was left undone when the process
   * ended nobody remembers, so `finish` brings it in once more. Rejects with STORE_FAILED.
   */
  begin(): Promise<void>;
  /**
   * Does `work`, which changes the tables, and brings that in: the kernel is told whom it lets in by country, who is no
   * stranger any more is let go, and who is registered and one now is cut off. Rejects as `work` does, with STORE_FAILED,
   * or as the kernel does.
   */
  change<T>(work: () => Promise<T>, cause: Pick<Cause, 'by' | 'from'>): Promise<T>;
  /** The same, where the admin's word is another one than was brought in last, or where that did not come to its end. */
  follow(): Promise<void>;
  /** Only what did not come to its end: the kernel may have taken since what it refused. Costs nothing else. */
  finish(): Promise<void>;
}

/** What an earlier process may have left undone. */
const SINCE_START: Pick<Cause, 'by' | 'from'> = { by: 'Tollgate', from: 'start' };

export function tableChanges(
  parts: Parts,
  { strangers, tellKernel }: { readonly strangers: StrangerWatch; readonly tellKernel: () => Promise<unknown> },
): TableChanges {
  const { store, countries, services } = parts;
  const inTurn = oneAtATime();
  let inForce: string | undefined;
  /** Of what was not brought in to its end. A new table is no other word, so that the word alone would not tell. */
  let owed: Pick<Cause, 'by' | 'from'> | undefined;
  const wordNow = async () => textOf(await store.countryRules());
  const bringIn = async (cause: Pick<Cause, 'by' | 'from'>): Promise<void> => {
    owed = cause;
    const word = await wordNow();
    await countries.reload();
    if (byCountry(services).length > 0) await tellKernel();
    await strangers.forgive(cause);
    await strangers.catchUp();
    inForce = word;
    owed = undefined;
  };
  return {
    async begin() {
      inForce = await wordNow();
      await countries.reload();
      owed = SINCE_START;
    },
    // In one turn, or what is changed here would be taken for another PBX's.
    change: (work, cause) =>
      inTurn(async () => {
        const changed = await work();
        await bringIn(cause);
        return changed;
      }),
    follow: () =>
      inTurn(async () => {
        const failed = owed === SINCE_START ? undefined : owed;
        if (failed ?? (await wordNow()) !== inForce) await bringIn(failed ?? { by: 'Tollgate', from: 'another PBX' });
      }),
    finish: () =>
      inTurn(async () => {
        // A table that cannot be read makes nobody a stranger: that is no reason to let go who is blocked as one.
        if (owed && !(owed === SINCE_START && countries.now().idle !== undefined)) await bringIn(owed);
      }),
  };
}

/** Whoever said it, and when, makes no other word. */
function textOf({ countries, ranges }: CountryRules): string {
  const said = [
    ...countries.map(({ country, permission }) => `${permission} ${country}`),
    ...ranges.map(({ range: { family, first, last }, permission }) => `${permission} ${family} ${first} ${last}`),
  ];
  return said.sort().join();
}
