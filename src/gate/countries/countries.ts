/** Countries: permit, deny, forget, list, look up, and a new table. */
import { integerOf } from '../../domain/address-range';
import type { CountryRule, CountryRules, CountrySize, Permission, TableFacts } from '../../domain/country';
import { countryName, countryText, readCountry } from '../../domain/country-name';
import type {
  CountryChangeShape,
  CountryShape,
  DataShape,
  LookupShape,
  RefreshShape,
} from '../../domain/country-shapes';
import { AppError } from '../../errors';
import { write } from '../announce';
import { judgementOf } from './country-desk';
import { networkOf, type Asked } from '../doors/entries';
import { outsideOf, type CountryParts } from './outside';
import type { Parts } from '../parts';

export interface CountryAsked extends Asked {
  readonly countries: readonly string[];
}
export interface AdoptAsked extends Asked {
  /** Of the table that was laid down; undefined: the source had nothing new. */
  readonly table?: string;
  readonly tried: readonly string[];
}

/** `permission` undefined: what was said of them is forgotten. */
export async function sayOfCountries(
  parts: CountryParts,
  asked: CountryAsked,
  permission: Permission | undefined,
): Promise<CountryChangeShape> {
  const sizes = await parts.countries.data.sizes();
  const codes = [...new Set(asked.countries.map((text) => codeOf(text, sizes)))];
  if (codes.length === 0) throw new AppError('MISUSED', 'no country was named', 'write letters like US CA');
  const rules = await parts.store.countryRules();
  const next = changed(rules, codes, permission, { by: asked.by, at: parts.clock.now() });
  const judged = await parts.countries.data.judge(next);
  const shapes = codes.map((country) => shapeOf(country, next, sizes));
  const told = { changed: shapes, ...(await outsideOf(parts, judged)) };
  if (asked.dryRun) return told;
  await parts.store.transaction(async (records) => {
    for (const country of codes) {
      const rule = next.countries.find((each) => each.country === country);
      if (rule) await records.saveCountry(rule);
      else await records.removeCountry(country);
      const why = SAID[permission ?? 'forget'];
      await write(parts, records, {
        action: 'country',
        by: asked.by,
        what: countryText(country),
        from: 'command',
        why,
      });
    }
  });
  await parts.countries.reload();
  return told;
}

const SAID = { permit: 'Permitted.', deny: 'Denied.', forget: 'Forgotten: neither permitted nor denied.' } as const;

function changed(
  rules: CountryRules,
  codes: readonly string[],
  permission: Permission | undefined,
  said: Pick<CountryRule, 'by' | 'at'>,
): CountryRules {
  const others = rules.countries.filter(({ country }) => !codes.includes(country));
  const own = permission === undefined ? [] : codes.map((country) => ({ country, permission, ...said }));
  return { ...rules, countries: [...others, ...own] };
}

/** Countries of which something was said; `all`: every one that the data know. */
export async function listCountries(
  { store, countries }: Parts,
  { all = false }: { readonly all?: boolean },
): Promise<CountryShape[]> {
  const [rules, sizes] = [await store.countryRules(), await countries.data.sizes()];
  const known = all ? sizes.map(({ country }) => country) : [];
  const codes = [...new Set([...rules.countries.map(({ country }) => country), ...known])];
  return codes.sort().map((country) => shapeOf(country, rules, sizes)); // prettier-ignore
}

export async function lookUp(parts: Parts, what: string): Promise<LookupShape> {
  const address = networkOf(what);
  await parts.countries.reload();
  const { origin, stranger } = await judgementOf(parts, address);
  const { country = null, permit, deny } = origin;
  return { address, integer: String(integerOf(address)), country, permit, deny, stranger };
}

/** Puts a table into force that was fetched before. Rejects with COUNTRY_FAILED, the old one in force. */
export async function adoptTable(parts: CountryParts, asked: AdoptAsked): Promise<RefreshShape> {
  const { table, tried, by, dryRun = false } = asked;
  if (table === undefined) {
    const facts = await parts.countries.data.facts();
    const data = facts ? shapeOfFacts(facts) : null;
    const outside = await outsideOf(parts, await parts.countries.ready());
    return { state: 'unchanged', data, before: data, tried, ...outside };
  }
  const adopted = await parts.countries.data.adopt(table, { dryRun });
  const { facts, before } = adopted;
  if (!dryRun) {
    await parts.countries.reload();
    const { 4: ipv4, 6: ipv6 } = facts.ranges;
    const why = `A new country table of ${facts.dated.toISOString().slice(0, 10)}: ${ipv4} IPv4 and ${ipv6} IPv6 ranges.`;
    await write(parts, parts.store, { action: 'country-data', by, what: facts.source, from: 'command', why });
  }
  const outside = await outsideOf(parts, adopted.judge(await parts.store.countryRules()));
  return { state: 'new', data: shapeOfFacts(facts), before: before ? shapeOfFacts(before) : null, tried, ...outside };
}

function codeOf(text: string, sizes: readonly CountrySize[]): string {
  const read = readCountry(text);
  if (read && sizes.some(({ country }) => country === read.country)) return read.country;
  if (read?.proposal !== undefined) {
    throw new AppError('MISUSED', `no country has the letters "${read.country}" now`, `did you mean ${read.proposal}?`);
  }
  if (read && countryName(read.country) !== undefined) return read.country;
  const hint = 'write two letters like US, CA or DE; tollgate country list --all shows every country';
  throw new AppError('MISUSED', `"${text}" is no country`, hint);
}

function shapeOf(country: string, rules: CountryRules, sizes: readonly CountrySize[]): CountryShape {
  const rule = rules.countries.find((each) => each.country === country);
  const size = sizes.find((each) => each.country === country);
  return {
    country,
    name: countryName(country) ?? country,
    permission: rule?.permission ?? null,
    by: rule?.by ?? null,
    at: rule?.at.toISOString() ?? null,
    ranges: { ipv4: size?.ranges[4] ?? 0, ipv6: size?.ranges[6] ?? 0 },
    addresses: size?.addresses4 ?? 0,
    networks: size?.networks6 ?? 0,
  };
}

function shapeOfFacts({ source, licence, dated, importedAt, ranges }: TableFacts): DataShape {
  return {
    ...{ source, licence, dated: dated.toISOString(), imported: importedAt.toISOString() },
    ranges: { ipv4: ranges[4], ipv6: ranges[6] },
  };
}
