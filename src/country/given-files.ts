/** The files that `--from` means: one, or those of a folder that belong together. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { broken, unreadable } from './fault';
import type { SourceFile } from './read-source';

export interface Given {
  readonly files: readonly SourceFile[];
  /** When the first of them was written. */
  readonly written: Date;
  readonly bytes: number;
}

const BLOCKS = /^GeoLite2-Country-Blocks-IPv[46]\.csv$/;
const PLACES = 'GeoLite2-Country-Locations-en.csv';
const TOR = ['geoip', 'geoip6'];

/** Rejects with COUNTRY_FAILED. `received` hears of every byte that is read. */
export async function givenFiles(path: string, received: (bytes: number) => void): Promise<Given> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    const names = await namesFor(path, isFolder);
    const paths = names.map((name) => join(isFolder ? path : dirname(path), name));
    const stats = await Promise.all(paths.map((each) => stat(each)));
    return {
      files: paths.map((each) => ({ name: basename(each), chunks: chunksOf(each, received) })),
      written: stats[0]?.mtime ?? new Date(0),
      bytes: stats.reduce((sum, { size }) => sum + size, 0),
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function namesFor(path: string, isFolder: boolean): Promise<readonly string[]> {
  const name = basename(path);
  if (!isFolder && !BLOCKS.test(name) && name !== 'geoip') return [name];
  const there = await readdir(isFolder ? path : dirname(path));
  const blocks = there.filter((each) => BLOCKS.test(each)).sort(); // prettier-ignore
  const tor = TOR.filter((each) => there.includes(each));
  if (blocks.length > 0 && name !== 'geoip') return there.includes(PLACES) ? [PLACES, ...blocks] : blocks;
  if (tor.length > 0) return tor;
  throw broken(`${path} holds no country data that Tollgate knows`, 'name a file, or a folder of GeoLite2 or of tor');
}

async function* chunksOf(path: string, received: (bytes: number) => void): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      received(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}
