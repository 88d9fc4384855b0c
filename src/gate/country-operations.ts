/** What people can ask about countries and ranges. */
import { adoptTable, listCountries, lookUp, sayOfCountries } from './countries';
import type { Operations } from './gate';
import type { Parts } from './parts';
import { listRanges, removeRange, sayOfRange, showRange } from './ranges';

type CountryOperations = Pick<Operations, Extract<keyof Operations, `country${string}` | `range${string}`>>;

export function countryOperations(parts: Parts): CountryOperations {
  return {
    countryPermit: (asked) => sayOfCountries(parts, asked, 'permit'),
    countryDeny: (asked) => sayOfCountries(parts, asked, 'deny'),
    countryForget: (asked) => sayOfCountries(parts, asked, undefined),
    countryList: (asked) => listCountries(parts, asked),
    countryLookup: ({ what }) => lookUp(parts, what),
    countryAdopt: (asked) => adoptTable(parts, asked),
    rangePermit: (asked) => sayOfRange(parts, asked, 'permit'),
    rangeDeny: (asked) => sayOfRange(parts, asked, 'deny'),
    rangeRemove: (asked) => removeRange(parts, asked),
    rangeShow: (asked) => showRange(parts, asked),
    rangeList: () => listRanges(parts),
  };
}
