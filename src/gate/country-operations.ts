/** What people can ask about countries and ranges. */
import { adoptTable, listCountries, lookUp, sayOfCountries } from './countries';
import type { Asked } from './entries';
import type { Operations } from './gate';
import type { Parts } from './parts';
import { listRanges, removeRange, sayOfRange, showRange } from './ranges';
import type { StrangerWatch } from './stranger-watch';

type CountryOperations = Pick<Operations, Extract<keyof Operations, `country${string}` | `range${string}`>>;

/** Who is no stranger any more after a change of the tables is let go. */
export function countryOperations(parts: Parts, strangers: StrangerWatch): CountryOperations {
  const thenForgive = async <T>(asked: Asked, changing: Promise<T>): Promise<T> => {
    const changed = await changing;
    if (!asked.dryRun) await strangers.forgive(asked.by);
    return changed;
  };
  return {
    countryPermit: (asked) => thenForgive(asked, sayOfCountries(parts, asked, 'permit')),
    countryDeny: (asked) => sayOfCountries(parts, asked, 'deny'),
    countryForget: (asked) => thenForgive(asked, sayOfCountries(parts, asked, undefined)),
    countryList: (asked) => listCountries(parts, asked),
    countryLookup: ({ what }) => lookUp(parts, what),
    countryAdopt: (asked) => adoptTable(parts, asked),
    rangePermit: (asked) => thenForgive(asked, sayOfRange(parts, asked, 'permit')),
    rangeDeny: (asked) => sayOfRange(parts, asked, 'deny'),
    rangeRemove: (asked) => thenForgive(asked, removeRange(parts, asked)),
    rangeShow: (asked) => showRange(parts, asked),
    rangeList: () => listRanges(parts),
  };
}
