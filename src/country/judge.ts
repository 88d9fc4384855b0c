/** Who is a stranger, by the data and the admin's rules. Pure: made anew whenever one of them changes. */
import { PRIVATE, type AddressRange } from '../domain/address-range';
import {
  BY_HAND,
  type BothFamilies,
  type CountryRules,
  type Judged,
  type JudgedCountries,
  type Origin,
  type Permission,
} from '../domain/country';
import type { Family } from '../domain/network';
import { AddressWords, wordsOf } from './address-words';
import { MarkedRanges } from './marked-ranges';
import { overlaid, rangesWhere } from './overlay';
import { Segments, STRIDE } from './segments';
import { countryOf, markOf, type CountryTable } from './table';

export interface JudgeSettings {
  /** Is an address permitted that no source knows? */
  readonly permitUnknown: boolean;
}

/** What is said of a country, and of an address by hand. */
const PERMIT = 1;
const DENY = 2;
/** In a range that was made by hand. */
const OWN = 4;
const MARKS = 65_536;
const FAMILIES: readonly Family[] = [4, 6];

/** `table` undefined: there are no data. */
export function judge(
  table: CountryTable | undefined,
  rules: CountryRules,
  { permitUnknown }: JudgeSettings,
): JudgedCountries {
  const data = table ?? bothFamilies([]);
  const idle = whyIdle(table, rules);
  const says = new Uint8Array(MARKS);
  if (permitUnknown) says[0] = PERMIT;
  for (const { country, permission } of rules.countries)
    says[markOf(country)] = permission === 'permit' ? PERMIT : DENY;
  const made = (permission: Permission) =>
    rules.ranges.flatMap((rule) => (rule.permission === permission ? [rule.range] : []));
  const given = bothFamilies(PRIVATE, PERMIT);
  const permitted = bothFamilies(made('permit'), PERMIT | OWN);
  const denied = bothFamilies(made('deny'), DENY | OWN);
  const byHand = (family: Family) => overlaid([given[family], permitted[family], denied[family]], (a, b) => a | b);
  return countriesOf({ idle, says, data, byHand: { 4: byHand(4), 6: byHand(6) } });
}

/** The same again, in whichever thread. */
export function countriesOf(judged: Judged): JudgedCountries {
  const { idle, says } = judged;
  const data = searched(judged.data);
  const byHand = searched(judged.byHand);
  const saidOf = { 4: firstBytesOf(byHand[4]), 6: firstBytesOf(byHand[6]) };
  const reader = new AddressWords();
  const { words } = reader;
  const originOf = (mark: number, hand: number): Origin => {
    const said = (says[mark] ?? 0) | hand;
    const [permit, deny] = [(said & PERMIT) !== 0, (said & DENY) !== 0];
    const country = countryOf(mark) ?? ((hand & OWN) === 0 ? undefined : BY_HAND);
    return Object.freeze({ country, permit, deny, stranger: deny || (idle === undefined && !permit) });
  };
  /** Of a country's addresses of which nothing is said by hand: nearly all. */
  const origins = new Array<Origin | undefined>(MARKS).fill(undefined);
  return {
    judged,
    idle,
    lookup(address) {
      const family = reader.readFirst(address);
      if (family === undefined) throw new TypeError(`not a canonical address: ${address}`);
      const mark = data[family].markAt(words);
      const hand = saidOf[family][(words[0] ?? 0) >>> 24] === 0 ? 0 : byHand[family].markAt(words);
      return hand === 0 ? (origins[mark] ??= originOf(mark, 0)) : originOf(mark, hand);
    },
    permitted: () =>
      FAMILIES.flatMap((family) =>
        rangesWhere([data[family], byHand[family]], ([mark = 0, hand = 0]) => {
          const said = (says[mark] ?? 0) | hand;
          return (said & PERMIT) !== 0 && (said & DENY) === 0;
        }),
      ),
  };
}

/** Private networks alone are no permit table: with nothing else in it every caller would be a stranger. */
function whyIdle(table: CountryTable | undefined, { countries, ranges }: CountryRules): string | undefined {
  const marks = new Set(countries.flatMap((rule) => (rule.permission === 'permit' ? [markOf(rule.country)] : [])));
  if (marks.size > 0) {
    if (!table) return 'there are no country data yet';
    const isThere = FAMILIES.some((family) => table[family].marks.some((mark) => marks.has(mark)));
    if (!isThere) return 'the data know no range of the permitted countries';
    return undefined;
  }
  return ranges.some((rule) => rule.permission === 'permit') ? undefined : 'no country and no range is permitted';
}

function searched({ 4: four, 6: six }: BothFamilies): CountryTable {
  return { 4: new Segments(four), 6: new Segments(six) };
}

/** For each first byte of an address, 0: nothing is said of any address with it. Of most nothing is, and to search costs more. */
function firstBytesOf({ family, starts, marks }: Segments): Uint8Array {
  const found = new Uint8Array(256);
  const byteAt = (segment: number) =>
    segment < marks.length ? (starts[segment * STRIDE[family]] ?? 0) >>> 24 : found.length - 1;
  marks.forEach((mark, segment) => {
    if (mark !== 0) found.fill(1, byteAt(segment), byteAt(segment + 1) + 1);
  });
  return found;
}

/** Overlapping ranges are one. */
function bothFamilies(ranges: readonly AddressRange[], mark = 0): CountryTable {
  const of = (family: Family) => {
    const marked = new MarkedRanges(family);
    for (const range of ranges) {
      if (range.family === family) marked.add(wordsOf(family, range.first), wordsOf(family, range.last), mark);
    }
    return marked.compile();
  };
  return { 4: of(4), 6: of(6) };
}
