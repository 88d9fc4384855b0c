/** What people can ask about countries and ranges. */
import { AppError } from '../../errors';
import { adoptTable, listCountries, lookUp, sayOfCountries } from './countries';
import type { Asked } from '../doors/entries';
import type { Operations } from '../operations';
import type { Parts } from '../parts';
import { byCountry } from './permitted-networks';
import { listRanges, removeRange, sayOfRange, showRange } from './ranges';
import type { StrangerWatch } from '../strangers/stranger-watch';

type CountryOperations = Pick<Operations, Extract<keyof Operations, `country${string}` | `range${string}`>>;

/** After a change of the tables the kernel is told whom it lets in by country, and who is no stranger any more is let go. */
export function countryOperations(
  parts: Parts,
  strangers: StrangerWatch,
  tellKernel: () => Promise<unknown>,
): CountryOperations {
  const thenTell = async <T>({ dryRun = false }: Asked, changing: Promise<T>): Promise<T> => {
    const changed = await changing;
    if (!dryRun && byCountry(parts.services).length > 0) await tellKernel();
    const fault = dryRun ? undefined : parts.countries.permittedFault;
    if (fault === undefined) return changed;
    const hint = 'those of before stay in force there; permit fewer countries or ranges';
    throw new AppError('COUNTRY_FAILED', `it is noted, but not in the kernel: ${fault}`, hint);
  };
  const thenForgive = async <T>(asked: Asked, changing: Promise<T>): Promise<T> => {
    const changed = await thenTell(asked, changing);
    if (!asked.dryRun) await strangers.forgive(asked.by);
    return changed;
  };
  return {
    countryPermit: (asked) => thenForgive(asked, sayOfCountries(parts, asked, 'permit')),
    countryDeny: (asked) => thenTell(asked, sayOfCountries(parts, asked, 'deny')),
    countryForget: (asked) => thenForgive(asked, sayOfCountries(parts, asked, undefined)),
    countryList: (asked) => listCountries(parts, asked),
    countryLookup: ({ what }) => lookUp(parts, what),
    countryAdopt: (asked) => thenTell(asked, adoptTable(parts, asked)),
    rangePermit: (asked) => thenForgive(asked, sayOfRange(parts, asked, 'permit')),
    rangeDeny: (asked) => thenTell(asked, sayOfRange(parts, asked, 'deny')),
    rangeRemove: (asked) => thenForgive(asked, removeRange(parts, asked)),
    rangeShow: (asked) => showRange(parts, asked),
    rangeList: () => listRanges(parts),
  };
}
