/** The table as one compact file: a line that names the format, a line of JSON, and the arrays as they are in memory. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TableFacts } from '../domain/country';
import type { Family } from '../domain/network';
import { broken } from './fault';
import { Segments, STRIDE } from './segments';
import { isOrdered, type CountryTable } from './table';

/** How a source knows its own file again, so that an unchanged one is not sent twice. */
export interface Stamp {
  readonly url: string;
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
}

/** What goes with a table. */
export type TableHead = Omit<TableFacts, 'dated' | 'importedAt'> & {
  /** ISO text. */
  readonly dated: string;
  readonly importedAt: string;
  /** It came from its makers, not from a file that the admin gave: then it has to know the whole world. */
  readonly isFetched: boolean;
  readonly stamp: Stamp | undefined;
};

export interface KeptTable {
  readonly head: TableHead;
  readonly table: CountryTable;
}

const FORMAT = 'tollgate-countries 1';
const MOST_HEAD = 4096;
/** Larger than any that `MarkedRanges` can make. */
export const MOST_FILE_BYTES = 128 * 1024 * 1024;
const FAMILIES: readonly Family[] = [4, 6];

interface Sizes {
  readonly segments: { readonly 4: number; readonly 6: number };
  readonly sha256: string;
}

const COUNTS = z.object({ 4: z.int().nonnegative(), 6: z.int().nonnegative() });
/** The checksum is of the arrays alone. */
const HEAD = z.object({
  ...{ source: z.string(), licence: z.string(), dated: z.iso.datetime(), importedAt: z.iso.datetime() },
  ...{ maxAgeDays: z.number(), ranges: COUNTS, isFetched: z.boolean(), segments: COUNTS, sha256: z.string() },
  stamp: z.object({ url: z.string(), etag: z.string().optional(), modified: z.string().optional() }).optional(),
});

export function encodeTable({ head, table }: KeptTable): Buffer {
  const body = Buffer.concat(
    FAMILIES.flatMap((family) => {
      const { starts, marks } = table[family];
      return [bytesOf(starts), bytesOf(marks), Buffer.alloc(marks.length % 2 === 0 ? 0 : 2)];
    }),
  );
  const sizes: Sizes = { segments: { 4: table[4].length, 6: table[6].length }, sha256: hash(body) };
  const text = `${FORMAT}\n${JSON.stringify({ ...head, ...sizes })}`;
  const length = Buffer.byteLength(text);
  const padding = 3 - (length % 4); // with the line's end the arrays begin at a multiple of four
  return Buffer.concat([Buffer.from(`${text}${' '.repeat(padding)}\n`), body]);
}

/** Throws COUNTRY_FAILED when it is not what `encodeTable` has written. */
export function decodeTable(file: Buffer): KeptTable {
  const { end, head } = headOf(file);
  // Typed arrays need a buffer of their own that begins where they do; this one the thread for calls can read as well.
  const arrays = file.subarray(end);
  const body = new SharedArrayBuffer(arrays.length);
  new Uint8Array(body).set(arrays);
  if (hash(Buffer.from(body)) !== head.sha256) throw broken('the table is damaged: its checksum is another');
  let at = 0;
  const segments = (family: Family) => {
    const length = head.segments[family];
    const starts = new Uint32Array(body, at, length * STRIDE[family]);
    at += starts.byteLength;
    const marks = new Uint16Array(body, at, length);
    at += marks.byteLength + (length % 2) * 2;
    if (!isOrdered(family, starts)) throw broken('the table is damaged: its ranges are out of order');
    return Segments.of(family, starts, marks);
  };
  if (body.byteLength !== bodyBytes(head.segments)) throw broken('the table is damaged: it was cut short');
  return { head, table: { 4: segments(4), 6: segments(6) } };
}

/** The head alone, from the beginning of a file. */
function headOf(file: Buffer): { readonly head: TableHead & Sizes; readonly end: number } {
  const begin = file.subarray(0, FORMAT.length + 1 + MOST_HEAD).toString('utf8');
  const [format, line] = begin.split('\n', 2);
  if (format !== FORMAT || line === undefined) throw broken('it is no country table of ours');
  const { data: head } = HEAD.safeParse(jsonOf(line));
  if (!head) throw broken('the table is damaged: its head is another');
  return { head: { ...head, stamp: head.stamp }, end: Buffer.byteLength(`${format}\n${line}\n`) };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) throw broken('the table is damaged: its head is no JSON');
    throw error;
  }
}

function bodyBytes(segments: Sizes['segments']): number {
  return FAMILIES.reduce((sum, family) => {
    const length = segments[family];
    return sum + length * STRIDE[family] * 4 + (length + (length % 2)) * 2;
  }, 0);
}

function bytesOf(array: Uint32Array | Uint16Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
