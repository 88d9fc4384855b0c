/** Reads a file of country data, whichever kind it is; it tells by its first bytes. */
import { broken } from './fault';
import { BLOCKS_HEAD, PLACES_HEAD, readBlockLine, readPlaceLine, type Places } from './geolite2-lines';
import { linesOf } from './lines';
import { readMmdb } from './mmdb';
import { readRangeLine } from './range-lines';
import { readRirLine } from './rir-lines';
import { GEOLITE2, RIR, sourceOfDatabase, sourceOfRanges, type Source } from './sources';
import type { TableBuilder } from './table-builder';
import { fileInTar, gunzipped, isTar, peek, whole } from './unpack';

export interface SourceFile {
  /** Its name without folders. */
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
}

/** Larger than any of them. */
const MOST_DATABASE = 128 * 1024 * 1024;
const MMDB_MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');

/**
 * Adds what the files hold, one after another, to `builder`; resolves to where the first one comes from. GeoLite2's places
 * have to come before its blocks. Rejects with COUNTRY_FAILED. `tell` hears of a part of the work that is done, 0 to 1.
 */
export async function readSource(
  files: readonly SourceFile[],
  builder: TableBuilder,
  tell: (done: number) => void,
): Promise<Source> {
  const places: Places = new Map();
  const found: Source[] = [];
  for (const { name, chunks } of files) {
    const [first, all] = await peek(gunzipped(chunks));
    found.push(
      isText(first)
        ? await readText(name, all, places, builder)
        : await readDatabase(name, await whole(all, MOST_DATABASE), builder, tell),
    );
  }
  const [source] = found;
  if (!source) throw broken('there is no file to read');
  return { ...source, licence: builder.licence ?? source.licence };
}

async function readDatabase(
  name: string,
  bytes: Buffer,
  builder: TableBuilder,
  tell: (done: number) => void,
): Promise<Source> {
  if (bytes.subarray(0, 2).toString('latin1') === 'PK')
    throw broken(`${name} is a zip file`, 'unzip it, and name the folder');
  const database = isTar(bytes) ? fileInTar(bytes, '.mmdb') : bytes;
  if (!database.includes(MMDB_MARKER)) throw broken(`${name} is no kind of country data that Tollgate knows`, KINDS);
  return sourceOfDatabase(await readMmdb(database, builder, tell));
}

const KINDS = 'DB-IP, RIR delegated, GeoLite2 (CSV or MMDB), old GeoLite CSV, or geoip files of tor';

type ReadLine = (line: string, number: number) => void;

async function readText(
  name: string,
  chunks: AsyncIterable<Buffer>,
  places: Places,
  builder: TableBuilder,
): Promise<Source> {
  let kind: { readonly read: ReadLine; readonly source: Source } | undefined;
  let number = 0;
  for await (const lines of linesOf(chunks)) {
    for (const line of lines) {
      number++;
      if (!kind && line !== '' && !line.startsWith('#')) kind = kindOf(line, name, places, builder);
      if (kind) kind.read(line, number);
      else readRangeLine(line, number, builder); // what a comment tells
    }
  }
  if (!kind) throw broken(`${name} is empty`);
  return kind.source;
}

/** By its first line that is no comment. */
function kindOf(line: string, name: string, places: Places, builder: TableBuilder) {
  const kind = (source: Source, read: ReadLine) => ({ source, read });
  if (PLACES_HEAD.test(line)) return kind(GEOLITE2, (each, number) => readPlaceLine(each, number, places));
  if (BLOCKS_HEAD.test(line)) {
    if (places.size === 0)
      throw broken(`${name} needs its places`, 'name the folder that holds the locations file too');
    return kind(GEOLITE2, (each, number) => readBlockLine(each, number, places, builder));
  }
  if (/^[\w.]{1,20}\|/.test(line)) return kind(RIR, (each, number) => readRirLine(each, number, builder));
  return kind(sourceOfRanges(line, name), (each, number) => readRangeLine(each, number, builder));
}

/** No text holds a zero byte. */
function isText(bytes: Buffer): boolean {
  return !bytes.includes(0) && bytes.subarray(0, 4).toString('latin1') !== 'PK\x03\x04';
}
