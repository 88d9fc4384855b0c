/** Is a new table as it should be? Pure. */
import type { Family } from '../domain/network';
import { AddressWords } from './address-words';
import { broken } from './fault';
import { countryOf, coverage } from './table';
import type { KeptTable } from './table-file';

/** A table that covers less than this of what the present one covers is damaged, or of another kind. */
const LEAST_SHARE = 0.8;

/** Addresses that have been where they are for decades: ministries, research networks, the largest old companies. */
const ANCHORS: readonly (readonly [address: string, country: string])[] = [
  ['6.1.1.1', 'US'],
  ['11.1.1.1', 'US'],
  ['25.1.1.1', 'GB'],
  ['53.1.1.1', 'DE'],
  ['133.11.1.1', 'JP'],
  ['200.160.2.3', 'BR'],
  ['2001:200::1', 'JP'],
  ['2003::1', 'DE'],
  ['2600::1', 'US'],
  ['2804::1', 'BR'],
];

/** Throws COUNTRY_FAILED with the reason; `present` undefined: it is the first one. */
export function checkTable({ head, table }: KeptTable, present: KeptTable | undefined): void {
  if (head.ranges[4] + head.ranges[6] === 0) throw broken(`the table of ${head.source} is empty`);
  const reader = new AddressWords();
  for (const [address, country] of ANCHORS) {
    const family = reader.read(address) ?? 4;
    if (head.ranges[family] === 0) continue; // some sources know one family only
    const found = countryOf(table[family].markAt(reader.words));
    if (found !== country && (found !== undefined || head.isFetched)) {
      throw broken(`${head.source} says ${found ?? 'nothing'} of ${address}, which is in ${country}`);
    }
  }
  for (const family of present ? FAMILIES : [])
    refuseSmaller(family, head.source, table[family], present?.table[family]);
}

const FAMILIES: readonly Family[] = [4, 6];

function refuseSmaller(
  family: Family,
  source: string,
  next: KeptTable['table'][Family],
  now: KeptTable['table'][Family] | undefined,
) {
  const [covered, before] = [coverage(next), now ? coverage(now) : 0];
  if (covered >= before * LEAST_SHARE) return;
  const share = Math.floor((100 * covered) / before);
  throw broken(
    `${source} covers ${share} % of the IPv${family} addresses that the present one covers`,
    'the table in force stays; if this is meant, delete the "countries" folder of the state and refresh again',
  );
}
