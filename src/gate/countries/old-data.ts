/** Who never asks for the status is told by mail that the country data are too old. */
import type { TableFacts } from '../../domain/country';
import { tell } from '../announce';
import { onceInAWhile } from '../once-in-a-while';
import type { Parts } from '../parts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const AGAIN_DAYS = 30;
const SUBJECT = 'country data';

interface Age {
  readonly days: number;
  /** They are good for so many. */
  readonly most: number;
  readonly isTooOld: boolean;
}

export function ageOf({ clock, rules }: Pick<Parts, 'clock' | 'rules'>, { dated, maxAgeDays }: TableFacts): Age {
  const age = (clock.now().getTime() - dated.getTime()) / DAY_MS;
  const most = rules.countries.maxAgeDays ?? maxAgeDays;
  return { days: Math.floor(age), most, isTooOld: age > most };
}

/** The function returned tells of it once a month, also over restarts, where a country is permitted or denied. */
export function oldDataWatch(parts: Parts): () => Promise<void> {
  const { store, countries, clock, log, post } = parts;
  const isDue = onceInAWhile(clock, { againMs: HOUR_MS, most: 1 });
  return async () => {
    if (!isDue('')) return;
    if ((await store.countryRules()).countries.length === 0) return;
    const facts = await countries.data.facts();
    if (!facts) return;
    const { days, most, isTooOld } = ageOf(parts, facts);
    if (!isTooOld) return;
    const { source, dated } = facts;
    const month = Math.floor((days - most) / AGAIN_DAYS);
    const news = [`${dated.toISOString()} ${month}`];
    if ((await store.untold(SUBJECT, news)).length === 0) return;
    await store.transaction(async (records) => {
      await records.saveTold(SUBJECT, news, clock.now());
      await tell(parts, records, { kind: 'country-old', source, dated, days, most });
    });
    log('country-data-old', { source, dated: dated.toISOString(), days });
    post.poke();
  };
}
