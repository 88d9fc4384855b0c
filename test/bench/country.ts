/** What a look-up of an address's country costs: by Debian's table, and against others in one as large. */
import { createConnection } from 'mysql2/promise';
import { Reader, type CountryResponse } from 'mmdb-lib';
import { integerAt } from '../../src/country/address-words';
import { newestWhole } from '../../src/country/folder';
import { judge } from '../../src/country/judge';
import { MarkedRanges } from '../../src/country/marked-ranges';
import { STRIDE, type Segments } from '../../src/country/segments';
import { markOf, type CountryTable } from '../../src/country/table';
import { encodeTable } from '../../src/country/table-file';
import { addressOf } from '../../src/domain/address-range';
import type { Countries } from '../../src/domain/country';
import type { Family, Network } from '../../src/domain/network';
import { startMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { mmdb, type Prefix } from '../support/mmdb';
import { tableFolder } from './countries';
import { alternate, times } from './rounds';
import { compared, number, told, type Row } from './row';
import { median } from './statistics';

/** As many as Debian's table has. */
const RANGES: Readonly<Record<Family, number>> = { 4: 385_000, 6: 276_000 };
const COUNTRIES = 250;
const LOOKUPS = 100_000;
const QUERIES = 5;
const ROUNDS = 7;
/** Goals: nanoseconds a look-up, milliseconds and MiB for the whole index. */
const MOST_NS: Readonly<Record<Family, number>> = { 4: 200, 6: 500 };
const MOST_BUILD_MS = 1000;
const MOST_MIB = 25;
const MIB = 1024 * 1024;
const ROWS_AT_ONCE = 5000;

/** Networks of one family, in order: words of first and last address, and a country for each. */
interface Networks {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly countries: readonly string[];
}

export async function country(folder: string): Promise<Row[]> {
  const networks = { 4: networksOf(4), 6: networksOf(6) };
  const built = await alternate({ index: () => timed(() => void compile(networks)) }, { rounds: ROUNDS });
  const table = compile(networks);
  const bytes = encodeTable({ head: HEAD, table }).length;
  const rules = {
    countries: ['US', 'CA'].map((country) => ({ country, permission: 'permit' as const, by: '', at: new Date(0) })),
    ranges: [],
  };
  const judged = judge(table, rules, { permitUnknown: false });
  const real = await newestWhole(tableFolder(folder), () => undefined);
  if (!real) throw new Error('there is no table of Debian');
  const reader = new Reader<CountryResponse>(mmdb([...prefixesOf(4, networks[4]), ...prefixesOf(6, networks[6])]));
  const rows = [size(median(built.index.flat()), bytes / MIB)];
  const asked = judge(real.table, rules, { permitUnknown: false });
  for (const family of [4, 6] as const) {
    rows.push(oneLookup(family, asked, addressesIn(real.table[family])), await lookups(family, judged, reader));
  }
  return [...rows, await againstSql(networks[4], judged)];
}

function size(ms: number, mib: number): Row {
  const met = ms <= MOST_BUILD_MS && mib <= MOST_MIB;
  const what = `index of ${RANGES[4]} IPv4 and ${RANGES[6]} IPv6 ranges`;
  return told(what, `${number(ms)} ms, ${number(mib)} MiB`, { text: `${MOST_BUILD_MS} ms, ${MOST_MIB} MiB`, met });
}

function oneLookup(family: Family, judged: Countries, addresses: readonly Network[]): Row {
  let strangers = 0;
  const all = () => addresses.forEach((each) => (strangers += judged.lookup(each).stranger ? 1 : 0));
  all();
  // of the processor: a look-up never waits, and what else the machine does is not its cost
  const spent = Array.from({ length: ROUNDS }, () => processorMs(all));
  if (strangers === 0) throw new Error('nothing was looked up');
  const ns = (median(spent) / LOOKUPS) * 1e6;
  const goal = { text: `under ${MOST_NS[family]} ns`, met: ns < MOST_NS[family] };
  const what = `is an IPv${family} address a stranger's? whole ones out of the ranges of Debian's table, from text`;
  return told(what, `${ns.toFixed(0)} ns`, goal);
}

async function lookups(family: Family, judged: Countries, reader: Reader<CountryResponse>): Promise<Row> {
  const addresses = Array.from({ length: LOOKUPS }, () => randomAddress(family));
  let strangers = 0;
  const measured = await alternate(
    {
      ours: () => timed(() => addresses.forEach((address) => (strangers += judged.lookup(address).stranger ? 1 : 0))),
      theirs: () => timed(() => addresses.forEach((address) => (strangers += reader.get(address) ? 1 : 0))),
    },
    { rounds: ROUNDS },
  );
  if (strangers === 0) throw new Error('nothing was looked up');
  return compared({ what: `${LOOKUPS} IPv${family} look-ups`, against: 'mmdb-lib, the same data', ...measured });
}

/** As it was done in a database: addresses as integers, and BETWEEN. */
async function againstSql(networks: Networks, judged: Countries): Promise<Row> {
  const server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
  try {
    const database = await createConnection({ user: 'root', socketPath: server.socketPath, database: 'tollgate' });
    await database.query(
      'CREATE TABLE geo (first INT UNSIGNED, last INT UNSIGNED, country CHAR(2), KEY (first, last))',
    );
    const rows = networks.countries.map((country, i) => [networks.firsts[i], networks.lasts[i], country]);
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      await database.query('INSERT INTO geo VALUES ?', [rows.slice(at, at + ROWS_AT_ONCE)]);
    }
    const addresses = Array.from({ length: 1000 }, () => randomAddress(4));
    const ask = (address: Network) =>
      database.query('SELECT country FROM geo WHERE INET_ATON(?) BETWEEN first AND last', [address]);
    const measured = await alternate(
      {
        ours: () => timed(() => addresses.forEach((address) => judged.lookup(address))),
        theirs: async () => (await times(QUERIES, (i) => ask(addresses[i] ?? randomAddress(4)))).map((ms) => ms * 1000),
      },
      { rounds: ROUNDS },
    );
    await database.end();
    const what = '1,000 IPv4 look-ups';
    return compared({
      what,
      against: `SQL BETWEEN on MariaDB, with an index (${QUERIES} a round, times 200)`,
      ...measured,
    });
  } finally {
    await server.close();
  }
}

const HEAD = {
  ...{ source: 'bench', licence: '', maxAgeDays: 1, ranges: RANGES, isFetched: false, stamp: undefined },
  ...{ dated: new Date(0).toISOString(), importedAt: new Date(0).toISOString() },
};

function compile(networks: Readonly<Record<Family, Networks>>): CountryTable {
  const of = (family: Family) => {
    const { firsts, lasts, countries: named } = networks[family];
    const ranges = new MarkedRanges(family);
    const stride = family === 4 ? 1 : 4;
    named.forEach((country, i) => {
      const [from, to] = [i * stride, (i + 1) * stride];
      ranges.add(firsts.subarray(from, to), lasts.subarray(from, to), markOf(country));
    });
    return ranges.compile();
  };
  return { 4: of(4), 6: of(6) };
}

/** IPv4: networks of /22 over the whole space, some left out. IPv6: networks of /32 to /34 from 2001:: to 2dff::. */
function networksOf(family: Family): Networks {
  const count = RANGES[family];
  const stride = family === 4 ? 1 : 4;
  const [firsts, lasts] = [new Uint32Array(count * stride), new Uint32Array(count * stride).fill(0xffff_ffff)];
  const named = Array.from({ length: count }, (_, i) => {
    if (family === 4) {
      const first = (Math.floor((i * 2 ** 22) / count) << 10) >>> 0;
      [firsts[i], lasts[i]] = [first, first + 1023];
    } else {
      const first = 0x2001_0100 + i * 700;
      [firsts[4 * i], lasts[4 * i]] = [first, first];
    }
    return countryNamed((i * 7919) % COUNTRIES);
  });
  return { firsts, lasts, countries: named };
}

function prefixesOf(family: Family, { firsts, countries: named }: Networks): Prefix[] {
  const bits = (word: number) => word.toString(2).padStart(32, '0');
  return named.map((country, i) =>
    family === 4
      ? [`${'0'.repeat(96)}${bits(firsts[i] ?? 0).slice(0, 22)}`, country]
      : [bits(firsts[4 * i] ?? 0), country],
  );
}

/** `AB` to `JP` and so on, without `AA`. */
function countryNamed(n: number): string {
  return String.fromCharCode(66 + Math.floor(n / 26), 65 + (n % 26));
}

function randomAddress(family: Family): Network {
  const below = (most: number) => Math.floor(Math.random() * most);
  if (family === 4) return [1 + below(222), below(256), below(256), below(256)].join('.') as Network;
  const group = (most = 65_536) => below(most).toString(16);
  return `${(0x2001 + below(0xb00)).toString(16)}:${group()}:${group()}::${group()}` as Network;
}

/** Each range that has a country is as likely, and each address in it: hosts have all eight groups of an IPv6 address. */
function addressesIn({ family, starts, marks }: Segments): Network[] {
  const stride = STRIDE[family];
  const named = Array.from(marks.keys()).filter((i) => marks[i] !== 0 && i + 1 < marks.length);
  return Array.from({ length: LOOKUPS }, () => {
    const i = named[Math.floor(Math.random() * named.length)] ?? 0;
    const [first, next] = [integerAt(starts, i * stride, family), integerAt(starts, (i + 1) * stride, family)];
    const random = Uint32Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32));
    return addressOf(family, first + (integerAt(random, 0, 6) % (next - first)));
  });
}

function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function timed(work: () => void): Promise<number[]> {
  const began = performance.now();
  work();
  return Promise.resolve([performance.now() - began]);
}
