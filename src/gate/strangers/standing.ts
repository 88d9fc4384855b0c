/** Whether whoever calls or registers from an address is a stranger, and why: calls, registrations and `check` ask here. */
import type { Origin } from '../../domain/country';
import { countryText } from '../../domain/country-name';
import type { Network } from '../../domain/network';
import type { Exempt } from './exempt';
import type { Parts } from '../parts';

export interface Standing {
  readonly origin: Origin;
  readonly stranger: boolean;
  /** A part of a sentence: `permitted`, `open by entry 7`, `Germany (DE) is not permitted`. */
  readonly why: string;
}

/** By the tables in force; of a network by its first address. Rejects with STORE_FAILED. */
export async function standingOf(
  { countries }: Pick<Parts, 'countries'>,
  exempt: Pick<Exempt, 'why'>,
  address: Network,
): Promise<Standing> {
  const judged = await countries.ready();
  const origin = judged.lookup(address);
  if (!origin.stranger) {
    const why = origin.permit ? 'permitted' : `only who is denied is a stranger: ${judged.idle ?? 'no rule says so'}`;
    return { origin, stranger: false, why };
  }
  const spared = await exempt.why(address);
  if (spared !== undefined) return { origin, stranger: false, why: spared };
  return {
    origin,
    stranger: true,
    why: `${whereOf(origin)} ${origin.deny ? 'or its range is denied' : 'is not permitted'}`,
  };
}

/** `Germany (DE)`. */
export function whereOf({ country }: Pick<Origin, 'country'>): string {
  return country === undefined ? 'an unknown country' : countryText(country);
}
