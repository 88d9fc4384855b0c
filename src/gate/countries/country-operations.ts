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
  const change = async <T>({ by, dryRun = false }: Asked, work: () => Promise<T>): Promise<T> => {
    if (dryRun) return work();
    const changed = await tables.change(work, { by, from: 'command' });
    const fault = parts.countries.permittedFault;
    if (fault === undefined) return changed;
    const hint = 'those of before stay in force there; permit fewer countries or ranges';
    throw new AppError('COUNTRY_FAILED', `it is noted, but not in the kernel: ${fault}`, hint);
  };
  return {
    countryPermit: (asked) => change(asked, () => sayOfCountries(all, asked, 'permit')),
    countryDeny: (asked) => change(asked, () => sayOfCountries(all, asked, 'deny')),
    countryForget: (asked) => change(asked, () => sayOfCountries(all, asked, undefined)),
    countryList: (asked) => listCountries(parts, asked),
    countryLookup: ({ what }) => lookUp(parts, what),
    countryAdopt: (asked) => change(asked, () => adoptTable(all, asked)),
    rangePermit: (asked) => change(asked, () => sayOfRange(all, asked, 'permit')),
    rangeDeny: (asked) => change(asked, () => sayOfRange(all, asked, 'deny')),
    rangeRemove: (asked) => change(asked, () => removeRange(all, asked)),
    rangeShow: (asked) => showRange(parts, asked),
    rangeList: () => listRanges(parts),
  };
}
