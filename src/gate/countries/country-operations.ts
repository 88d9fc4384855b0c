/** What people can ask about countries and ranges. */
import { AppError } from '../../errors';
import { adoptTable, listCountries, lookUp, sayOfCountries } from './countries';
import type { Asked } from '../doors/entries';
import type { Operations } from '../operations';
import type { CountryParts } from './outside';
import type { Parts } from '../parts';
import { byCountry } from './permitted-networks';
import { listRanges, removeRange, sayOfRange, showRange } from './ranges';
import type { Exempt } from '../strangers/exempt';
import type { StrangerWatch } from '../strangers/stranger-watch';

type CountryOperations = Pick<Operations, Extract<keyof Operations, `country${string}` | `range${string}`>>;

interface Told {
  readonly strangers: StrangerWatch;
  readonly exempt: Exempt;
  readonly tellKernel: () => Promise<unknown>;
}

/**
 * After a change of the tables the kernel is told whom it lets in by country, who is no stranger any more is let go, and
 * who is registered and one now is cut off.
 */
export function countryOperations(parts: Parts, { strangers, exempt, tellKernel }: Told): CountryOperations {
  const all: CountryParts = { ...parts, exempt };
  const then = async <T>({ by, dryRun = false }: Asked, changing: Promise<T>): Promise<T> => {
    const changed = await changing;
    if (dryRun) return changed;
    if (byCountry(parts.services).length > 0) await tellKernel();
    await strangers.forgive({ by, from: 'command' });
    await strangers.catchUp();
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
