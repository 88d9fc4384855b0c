/** The country table: one compiled index a family, marked with countries. */
import type { CountryCode, CountrySize } from '../domain/country';
import type { Family } from '../domain/network';
import { compareWords, STRIDE, type Segments } from './segments';

export interface CountryTable {
  readonly 4: Segments;
  readonly 6: Segments;
}

/** Two letters as one number; 0 for what is no country: `ZZ`, `??`, `-`, nothing, and `AA`, which is ours. */
export function markOf(country: string): number {
  return /^[A-Z][A-Z0-9]$/.test(country) && country !== 'ZZ' && country !== 'AA'
    ? country.charCodeAt(0) * 256 + country.charCodeAt(1)
    : 0;
}

export function countryOf(mark: number): CountryCode | undefined {
  return mark === 0 ? undefined : String.fromCharCode(mark >>> 8, mark & 255);
}

/** How many ranges have a country. */
export function rangesIn({ marks }: Segments): number {
  return marks.reduce((count, mark) => count + (mark === 0 ? 0 : 1), 0);
}

/** Every country of the table, by its letters. */
export function sizesOf(table: CountryTable): CountrySize[] {
  const found = new Map<number, { ranges4: number; addresses4: number; ranges6: number; networks6: number }>();
  const sizeOf = (mark: number) => {
    const size = found.get(mark) ?? { ranges4: 0, addresses4: 0, ranges6: 0, networks6: 0 };
    found.set(mark, size);
    return size;
  };
  const [four, six] = [table[4], table[6]];
  four.marks.forEach((mark, i) => {
    const size = sizeOf(mark);
    size.ranges4++;
    size.addresses4 += width(four, i);
  });
  six.marks.forEach((mark, i) => {
    const size = sizeOf(mark);
    size.ranges6++;
    size.networks6 += width(six, i);
  });
  return [...found]
    .flatMap(([mark, { ranges4, ranges6, addresses4, networks6 }]): CountrySize[] => {
      const country = countryOf(mark);
      return country === undefined ? [] : [{ country, ranges: { 4: ranges4, 6: ranges6 }, addresses4, networks6 }];
    })
    .sort((a, b) => (a.country < b.country ? -1 : 1));
}

/** How much of the space has a country: IPv4 addresses, or IPv6 networks of 64 bits. */
export function coverage(segments: Segments): number {
  return segments.marks.reduce((sum, mark, i) => sum + (mark === 0 ? 0 : width(segments, i)), 0);
}

/** IPv4 addresses exactly; of IPv6 the networks of 64 bits, as exactly as a number is. */
function width({ family, starts, length }: Segments, i: number): number {
  const upper = (at: number) =>
    family === 4 ? (starts[at] ?? 0) : (starts[4 * at] ?? 0) * 2 ** 32 + (starts[4 * at + 1] ?? 0);
  const end = i + 1 < length ? upper(i + 1) : family === 4 ? 2 ** 32 : 2 ** 64;
  return end - upper(i);
}

/** Are these starts those of an index: the first at zero, each behind the one before it? */
export function isOrdered(family: Family, starts: Uint32Array): boolean {
  const stride = STRIDE[family];
  if (starts.length === 0 || starts.subarray(0, stride).some((word) => word !== 0)) return false;
  for (let at = stride; at < starts.length; at += stride) {
    const before = at - stride;
    const difference =
      stride === 1 ? (starts[before] ?? 0) - (starts[at] ?? 0) : compareWords(starts, before, starts, at);
    if (difference >= 0) return false;
  }
  return true;
}
