/** A table as a file: what was written is read, and what became of it on a disk is a table, or is refused. */
import fc from 'fast-check';
import { AppError } from '../../src/errors';
import { decodeTable, encodeTable, type TableHead } from '../../src/country/table-file';
import { countryAt, DBIP_LINES, read } from '../support/country-files';

const HEAD: TableHead = {
  ...{ source: 'DB-IP lite', licence: 'CC BY 4.0', ranges: { 4: 3, 6: 1 }, maxAgeDays: 45, isFetched: true },
  ...{ dated: '2026-11-21T00:00:00.000Z', importedAt: '2026-11-22T00:00:00.000Z' },
  stamp: { url: 'https://example.com/x', etag: '"1"' },
};
const ADDRESSES = ['192.0.2.1', '198.51.100.255', '203.0.113.0', '192.0.3.1', '2001:db8::9', '2001:db9::'];

it('is read as it was written', async () => {
  const { table } = await read({ 'dbip.csv': DBIP_LINES });
  const kept = decodeTable(encodeTable({ head: HEAD, table }));
  expect(kept.head).toMatchObject(HEAD);
  for (const address of ADDRESSES) expect(countryAt(kept.table, address)).toBe(countryAt(table, address));
});

it('is shared with another thread, not copied for it', async () => {
  const lines = Array.from({ length: 99 }, (_, i) => `90.0.${i}.0,90.0.${i}.127,FR\n2a00:${i}::,2a00:${i}::ffff,FR`);
  const { table } = await read({ 'dbip.csv': lines.join('\n') });
  const kept = decodeTable(encodeTable({ head: HEAD, table })).table;
  const arrays = [kept[4], kept[6]].flatMap((index) => Object.values(index).filter((each) => ArrayBuffer.isView(each)));
  expect(arrays).toHaveLength(8);
  for (const here of arrays) {
    const there = structuredClone(here);
    new Uint8Array(here.buffer).fill(7);
    expect(there).toEqual(here);
  }
});

it('with bytes changed, lost or added anywhere is the same table or refused', async () => {
  const { table } = await read({ 'dbip.csv': DBIP_LINES });
  const file = encodeTable({ head: HEAD, table });
  const headEnds = file.indexOf(10, file.indexOf(10) + 1);
  const place = fc.oneof(fc.nat(headEnds), fc.nat(file.length));
  const put = fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(...['0', '-', '"', 'null', '{}', '[', ' ']));
  fc.assert(
    fc.property(place, fc.nat(20), put, (at, lost, bytes) => {
      const damaged = Buffer.concat([file.subarray(0, at), Buffer.from(bytes), file.subarray(at + lost)]);
      try {
        const kept = decodeTable(damaged);
        expect([kept.head.dated, kept.head.importedAt].map(Date.parse)).not.toContain(NaN);
        for (const address of ADDRESSES) expect(countryAt(kept.table, address)).toBe(countryAt(table, address));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('COUNTRY_FAILED');
      }
    }),
    { numRuns: 3000 },
  );
});

it.each(['null', '5', '[]', '{}', '{"sha256":5}', '{"segments":null}', '{"segments":{"4":-1,"6":1e9}}'])(
  'with a head of %s is refused',
  (head) => {
    const refused = expect.objectContaining({ code: 'COUNTRY_FAILED' }) as Error;
    expect(() => decodeTable(Buffer.from(`tollgate-countries 1\n${head}\n`))).toThrow(refused);
  },
);
