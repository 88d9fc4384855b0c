/** Every kind of file that country data come in, whole and damaged. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { AppError } from '../../src/errors';
import { gunzipped } from '../../src/country/unpack';
import { chunksOf, countryAt, DBIP_LINES, gzipped, read } from '../support/country-files';
import { bits4, mmdb } from '../support/mmdb';

const RIR = [
  '2|nro|20261121|8|19830705|20261121|+0000',
  'nro|*|ipv4|*|3|summary',
  'arin|US|ipv4|192.0.2.0|256|20100101|assigned|abc|e-stats',
  'ripencc|DE|ipv4|198.51.100.0|300|20100101|allocated|abc|e-stats',
  'ripencc||ipv4|198.51.103.0|256||available|',
  'apnic|JP|asn|173|1|20020801|allocated|abc',
  'arin|US|ipv6|2001:db8::|32|20100101|allocated|abc|e-stats',
  'iana|ZZ|ipv6|2001:db9::|32|20100101|reserved|ietf|iana',
].join('\n');
const GEOLITE = [
  '"192.0.2.0","192.0.2.255","3221225984","3221226239","US","United States"',
  '"198.51.100.0","198.51.100.255","3325256704","3325256959","KR","Korea, Republic of"',
  '"203.0.113.0","203.0.113.255","3405803776","3405804031","A2","Satellite Provider"',
].join('\r\n');
const TOR4 =
  '# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n# License:   CC BY-SA 4.0\n#\n3221225984,3221226239,US\n3221226240,3221226241,??\n';
const PLACES = [
  'geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name,is_in_european_union',
  '6252001,en,NA,"North America",US,"United States",0',
  '2921044,en,EU,Europe,DE,Germany,1',
  '6255148,en,EU,Europe,,,0',
].join('\n');
const BLOCKS_HEAD =
  'network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,is_anonymous_proxy,is_satellite_provider,is_anycast';
const BLOCKS4 = `${BLOCKS_HEAD}\n192.0.2.0/24,6252001,6252001,,0,0,\n198.51.100.0/25,,2921044,,0,0,\n`;
const BLOCKS6 = `${BLOCKS_HEAD}\n2001:db8::/32,2921044,2921044,,0,0,\n`;
const MMDB = mmdb([
  [bits4('192.0.2.0', 24), 'US'],
  [bits4('198.51.100.0', 24), 'DE'],
  ['0010000000000001'.padEnd(32, '0').slice(0, 16) + '0000110110111000', 'JP'],
]);
const GEOLITE2 = { 'Locations-en.csv': PLACES, 'Blocks-IPv4.csv': BLOCKS4, 'Blocks-IPv6.csv': BLOCKS6 };

type Files = Readonly<Record<string, Buffer | string>>;
const samples: readonly (readonly [string, Files, string, Readonly<Record<string, string | undefined>>])[] = [
  ['DB-IP', { 'dbip-country-lite-2026-11.csv': DBIP_LINES }, 'DB-IP lite', { '203.0.113.9': 'JP', '2001:db8::9': 'US' }],
  ['DB-IP in quotes', { 'dbip.csv': '"192.0.2.0","192.0.2.255","US"\n"198.51.100.0","198.51.100.9","ZZ"' }, 'DB-IP lite', { '192.0.2.255': 'US', '198.51.100.1': undefined }],
  ['DB-IP, packed', { 'dbip.csv.gz': gzipped(DBIP_LINES) }, 'DB-IP lite', { '192.0.2.1': 'US' }],
  ['the registries', { nro: RIR }, 'RIR delegated files', { '198.51.101.43': 'DE', '198.51.101.44': undefined, '198.51.103.1': undefined, '2001:db8:ffff::': 'US', '2001:db9::1': undefined }],
  ['the old GeoLite', { 'GeoIPCountryWhois.csv': GEOLITE }, 'old GeoLite Country', { '192.0.2.0': 'US', '198.51.100.255': 'KR', '203.0.113.1': 'A2' }],
  ['tor’s geoip', { geoip: TOR4, geoip6: '2001:db8::,2001:db8::ffff,DE\n' }, 'geoip files of tor', { '192.0.2.255': 'US', '192.0.3.0': undefined, '2001:db8::ffff': 'DE', '2001:db8::1:0': undefined }],
  ['GeoLite2 as CSV', GEOLITE2, 'MaxMind GeoLite2 Country', { '192.0.2.1': 'US', '198.51.100.127': 'DE', '198.51.100.128': undefined, '2001:db8::1': 'DE' }],
  ['GeoLite2 as a database', { 'x.mmdb': MMDB }, 'MaxMind GeoLite2 Country', { '192.0.2.255': 'US', '192.0.3.0': undefined, '198.51.100.0': 'DE', '2001:db8::1': 'JP', '2001:db9::': undefined }],
]; // prettier-ignore

describe('a file of', () => {
  it.each(samples)('%s is read, however it is cut into pieces', async (_name, files, source, expected) => {
    for (const chunk of [65_536, 7]) {
      const found = await read(files, chunk);
      expect(found.source.source).toBe(source);
      for (const [address, country] of Object.entries(expected)) {
        expect([address, countryAt(found.table, address)]).toEqual([address, country]);
      }
    }
  });

  it('tells its date and licence where it has them', async () => {
    expect((await read({ geoip: TOR4 })).builder.dated).toEqual(new Date('2026-06-25T04:33:59Z'));
    expect((await read({ geoip: TOR4 })).source).toMatchObject({ licence: 'CC BY-SA 4.0', maxAgeDays: 400 });
    expect((await read({ nro: RIR })).builder.dated).toEqual(new Date('2026-11-21T00:00:00Z'));
    expect((await read({ mmdb: MMDB })).builder.dated).toEqual(new Date(1_760_000_000_000));
  });

  it('may hold the letters of the old days', async () =>
    expect(countryAt((await read({ x: '192.0.2.0,192.0.2.255,UK' })).table, '192.0.2.1')).toBe('GB'));
});

describe('is refused, with the place of the fault:', () => {
  const refused: readonly (readonly [string, Files, RegExp])[] = [
    ['nothing', { x: '' }, /is empty/],
    ['a table in which nobody has a country', { x: '192.0.2.0,192.0.2.255,ZZ' }, /the table is empty/],
    ['a range that ends before it begins', { x: '192.0.2.9,192.0.2.0,US' }, /ends before it begins/],
    ['an address that two countries claim', { x: '192.0.2.0,192.0.2.9,US\n192.0.2.9,192.0.2.20,DE' }, /claim 192\.0\.2\.9/],
    ['an address of two countries, out of order', { x: '192.0.2.9,192.0.2.20,DE\n192.0.2.0,192.0.2.9,US' }, /two countries claim/],
    ['a line that is none', { x: `${DBIP_LINES}\n<html>` }, /line 5 is no range/],
    ['an address that is none', { x: '192.0.2.0,192.0.2.256,US' }, /line 1 is no range/],
    ['two families in one range', { x: '192.0.2.0,2001:db8::,US' }, /line 1/],
    ['a record that goes beyond the last address', { x: 'arin|US|ipv4|255.255.255.0|257|20100101|assigned' }, /line 1 is no range/],
    ['a registry’s unknown status', { x: 'arin|US|ipv4|192.0.2.0|256|20100101|sold' }, /line 1 is no record/],
    ['blocks without their places', { 'Blocks.csv': BLOCKS4 }, /needs its places/],
    ['a packed file that was cut short', { x: gzipped(DBIP_LINES).subarray(0, 60) }, /damaged gzip/],
    ['a database that was cut short', { x: MMDB.subarray(0, MMDB.length - 60) }, /no kind of country data|no MaxMind/],
    ['a zip', { x: Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(2000)]) }, /is a zip file/],
    ['an endless line', { x: '1'.repeat(100_000) }, /longer than any|no range/],
    ['the beginning of a picture', { x: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex') }, /no kind of country data/],
  ]; // prettier-ignore
  it.each(refused)('%s', async (_name, files, why) => {
    await expect(read(files)).rejects.toMatchObject({ code: 'COUNTRY_FAILED', what: expect.stringMatching(why) as string });
  }); // prettier-ignore
});

describe('whatever a file holds', () => {
  const fault = (files: Files) => read(files, 1000).then(() => undefined, (error: unknown) => error); // prettier-ignore
  const isOurs = (error: unknown) =>
    error === undefined || (error instanceof AppError && error.code === 'COUNTRY_FAILED');

  it('it is read or refused, never a crash', async () => {
    const line = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom(...[DBIP_LINES, RIR, GEOLITE, TOR4, PLACES, BLOCKS4].flatMap((text) => text.split('\n'))),
    );
    const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
    await fc.assert(fc.asyncProperty(fc.oneof(text, fc.uint8Array({ maxLength: 3000 })), async (bytes) => {
      expect(isOurs(await fault({ x: Buffer.from(bytes as string) }))).toBe(true);
    }), { numRuns: 300 });
  }); // prettier-ignore

  it('also a database in which bytes were changed', async () => {
    const change = fc.array(fc.tuple(fc.nat(MMDB.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(fc.asyncProperty(change, async (changes) => {
      const bytes = Buffer.from(MMDB);
      for (const [at, value] of changes) bytes[at] = value;
      expect(isOurs(await fault({ x: bytes }))).toBe(true);
    }), { numRuns: 200 });
  }); // prettier-ignore

  it('a few bytes that unpack to very many are let go of', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    const unpacked = async () => {
      for await (const chunk of gunzipped(chunksOf(bomb), 1_000_000)) expect(chunk.length).toBeLessThan(1_000_000);
    };
    await expect(unpacked()).rejects.toMatchObject({ what: 'it unpacks to more than 1000000 bytes' });
  });
});
