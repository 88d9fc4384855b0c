/** MaxMind's database format, read by mmdb-lib: walks through the networks from the first address to the last. */
import { Reader, type Response } from 'mmdb-lib';
import { addressOf } from '../domain/address-range';
import type { Family } from '../domain/network';
import { wordsOf } from './address-words';
import { broken } from './fault';
import type { TableBuilder } from './table-builder';

/** Half a million are usual. */
const MOST_NETWORKS = 3_000_000;
const END: Readonly<Record<Family, bigint>> = { 4: 2n ** 32n, 6: 2n ** 128n };
/** Everything that is given out so far; below it lie copies of the IPv4 addresses. */
const BEGIN: Readonly<Record<Family, bigint>> = { 4: 0n, 6: 0x2000n << 112n };
/** More copies: Teredo and 6to4. */
const COPIES = [
  { first: 0x2001_0000n << 96n, next: 0x2001_0001n << 96n },
  { first: 0x2002n << 112n, next: 0x2003n << 112n },
];
const AT_ONCE = 10_000;

/** Resolves to the database's own name for itself. Rejects with COUNTRY_FAILED when it is none, or damaged. */
export async function readMmdb(file: Buffer, builder: TableBuilder, tell: (done: number) => void): Promise<string> {
  const reader = guarded(() => new Reader<Response>(file));
  // as far as they are there: a damaged file may lack them
  const { ipVersion, databaseType, buildEpoch }: Readonly<Record<string, unknown>> = { ...reader.metadata };
  if (buildEpoch instanceof Date && !Number.isNaN(buildEpoch.getTime())) builder.dated = buildEpoch;
  await walk(reader, 4, builder, tell);
  if (ipVersion === 6) await walk(reader, 6, builder, tell);
  return typeof databaseType === 'string' ? databaseType.slice(0, 60) : 'MaxMind database';
}

async function walk(
  reader: Reader<Response>,
  family: Family,
  builder: TableBuilder,
  tell: (done: number) => void,
): Promise<void> {
  const bits = family === 4 ? 32 : 128;
  // a tree has one leaf more than nodes; one that was made with malice, or damaged, may go round in circles
  if (!(reader.metadata.nodeCount > 0)) throw broken('the database does not tell how large its tree is');
  const most = Math.min(reader.metadata.nodeCount + COPIES.length, MOST_NETWORKS) + 1;
  let networks = 0;
  for (let first = BEGIN[family]; first < END[family];) {
    const copy = family === 6 && COPIES.find((each) => each.first <= first && first < each.next);
    if (copy) {
      first = copy.next;
      continue;
    }
    const address = addressOf(family, first);
    const [record, depth] = guarded(() => reader.getWithPrefixLength(address));
    // of an IPv4 address in an IPv6 tree the depth is told without the 96 bits above it
    const width = BigInt(Math.max(0, bits - depth));
    const next = ((first >> width) + 1n) << width; // `first` may lie inside it, behind a copy
    if (record) builder.addWords(family, wordsOf(family, first), wordsOf(family, next - 1n), countryIn(record));
    if (++networks > most) throw broken('the database has more networks than its tree can have');
    first = next;
    if (networks % AT_ONCE === 0) {
      tell(Number((first * 1000n) / END[family]) / 1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** `country.iso_code` as MaxMind and DB-IP write it; where an address is only registered, that country. */
function countryIn(record: object): string {
  const { country, registered_country: registered, country_code: code } = record as Record<string, unknown>;
  for (const found of [isoIn(country), country, code, isoIn(registered)]) if (typeof found === 'string') return found;
  return '';
}

function isoIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'iso_code' in value ? value.iso_code : undefined;
}

/** The library throws whatever it stumbles over in a damaged file. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw broken(`it is no MaxMind database, or a damaged one (${String(error).slice(0, 100)})`);
  }
}
