/** Small country tables for tests, in the forms of the sources. */
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { Segments } from '../../src/country/segments';
import { AddressWords } from '../../src/country/address-words';
import { countryOf, type CountryTable } from '../../src/country/table';
import { TableBuilder } from '../../src/country/table-builder';
import { readSource } from '../../src/country/read-source';
import type { Source } from '../../src/country/sources';

/** Documentation addresses: 192.0.2 is in the US, 198.51.100 in Germany, 203.0.113 in Japan; 2001:db8 in the US. */
export const DBIP_LINES = [
  '192.0.2.0,192.0.2.255,US',
  '198.51.100.0,198.51.100.255,DE',
  '203.0.113.0,203.0.113.255,JP',
  '2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,US',
].join('\n');

/** Knows every address that a whole table has to know, and `count` ranges besides. */
export function wholeTable(count = 1000): string {
  const anchors = [
    ...['6.0.0.0,6.255.255.255,US', '11.0.0.0,11.255.255.255,US', '25.0.0.0,25.255.255.255,GB'],
    ...['53.0.0.0,53.255.255.255,DE', '133.11.0.0,133.11.255.255,JP', '200.160.0.0,200.160.255.255,BR'],
    ...['2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP', '2003::,2003:1fff:ffff:ffff:ffff:ffff:ffff:ffff,DE'],
    ...['2600::,2600:ffff:ffff:ffff:ffff:ffff:ffff:ffff,US', '2804::,2804:ffff:ffff:ffff:ffff:ffff:ffff:ffff,BR'],
  ];
  const more = Array.from({ length: count }, (_, i) => {
    const net = `90.${i >> 8}.${i & 255}`;
    return `${net}.0,${net}.255,FR`;
  });
  return [...anchors, ...more].join('\n');
}

export const chunksOf = (bytes: Buffer | string, size = 65_536): AsyncIterable<Buffer> => {
  const all = Buffer.from(bytes);
  return Readable.from(
    Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size)),
  );
};

export async function read(
  files: Readonly<Record<string, Buffer | string>>,
  chunk = 65_536,
): Promise<{ readonly table: CountryTable; readonly source: Source; readonly builder: TableBuilder }> {
  const builder = new TableBuilder();
  const named = Object.entries(files).map(([name, bytes]) => ({ name, chunks: chunksOf(bytes, chunk) }));
  const source = await readSource(named, builder, () => undefined);
  return { table: builder.table(), source, builder };
}

export const gzipped = (text: string) => gzipSync(text);

export function countryAt(table: CountryTable, address: string): string | undefined {
  const reader = new AddressWords();
  const family = reader.read(address);
  if (family === undefined) throw new Error(`no address: ${address}`);
  const segments: Segments = table[family];
  return countryOf(segments.markAt(reader.words));
}
