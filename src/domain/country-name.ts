/** Countries' letters, as people write them, and their names in English. */
import { BY_HAND, type CountryCode } from './country';

/** What sources write where there is no country. */
const OTHERS: Readonly<Record<string, string>> = {
  [BY_HAND]: 'added by hand',
  A1: 'anonymous proxies',
  A2: 'satellite providers',
  A3: 'worldwide anycast',
  AP: 'Asia and Pacific, no country told',
  EU: 'Europe, no country told',
};

/** `Germany`; undefined: there is no such country. */
export function countryName(country: CountryCode): string | undefined {
  const other = OTHERS[country];
  if (other !== undefined) return other;
  return /^[A-Z]{2}$/.test(country) ? NAMES.of(country) : undefined;
}

/** `Germany (DE)`, or the letters alone. */
export function countryText(country: CountryCode): string {
  const name = countryName(country);
  return name === undefined ? country : `${name} (${country})`;
}

/** The letters in capitals; undefined: they can be no country's. `proposal`: the ones that are meant (`UK` is `GB`). */
export function readCountry(
  text: string,
): { readonly country: CountryCode; readonly proposal?: CountryCode } | undefined {
  const country = text.trim().toUpperCase();
  if (!/^[A-Z][A-Z0-9]$/.test(country) || country === BY_HAND || country === 'ZZ') return undefined;
  const meant = /^[A-Z]{2}$/.test(country) ? new Intl.Locale(`und-${country}`).region : country;
  return { country, ...(meant !== undefined && meant !== country && { proposal: meant }) };
}

const NAMES = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
