/** What people can ask about countries and ranges. */
import { AppError } from '../../errors';
import { adoptTable, listCountries, lookUp, sayOfCountries } from './countries';
import type { Asked } from '../doors/entries';
import type { Operations } from '../operations';
import type { CountryParts } from './outside';
import type { Parts } from '../parts';
import { listRanges, removeRange, sayOfRange, showRange } from './ranges';
import type { Exempt } from '../strangers/exempt';
import type { TableChanges } from './table-changes';

type CountryOperations = Pick<Operations, Extract<keyof Operations, `country${string}` | `range${string}`>>;

interface Told {
  readonly exempt: Exempt;
  readonly tables: TableChanges;
}

export function countryOperations(parts: Parts, { exempt, tables }: Told): CountryOperations {
  const all: CountryParts = { ...parts, exempt };
  const then = async <T>({ by, dryRun = false }: Asked, changing: Promise<T>): Promise<T> => {
    const changed = await changing;
    if (dryRun) return changed;
    await tables.bringIn({ by, from: 'command' });
    const fault = parts.countries.permittedFault;
    if (fault === undefined) return changed;
    const hint = 'those of before stay in force there; permit fewer countries or ranges';
    throw new AppError('COUNTRY_FAILED', `it is noted, but not in the kernel: ${fault}`, hint);
  };
  return {
    countryPermit: (asked) => then(asked, sayOfCountries(all, asked, 'permit')),
    countryDeny: (asked) => then(asked, sayOfCountries(all, asked, 'deny')),
    countryForget: (asked) => then(asked, sayOfCountries(all, asked, undefined)),
    countryList: (asked) => listCountries(parts, asked),
    countryLookup: ({ what }) => lookUp(parts, what),
    countryAdopt: (asked) => then(asked, adoptTable(all, asked)),
    rangePermit: (asked) => then(asked, sayOfRange(all, asked, 'permit')),
    rangeDeny: (asked) => then(asked, sayOfRange(all, asked, 'deny')),
    rangeRemove: (asked) => then(asked, removeRange(all, asked)),
    rangeShow: (asked) => showRange(parts, asked),
    rangeList: () => listRanges(parts),
  };
}
