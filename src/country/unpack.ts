/** What a file of country data is packed in: gzip, a tar with a MaxMind database in it, or nothing. */
import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { broken } from './fault';

/** All sources together have less, unpacked. */
const MOST_UNPACKED = 512 * 1024 * 1024;

/** Passes plain bytes through. Rejects with COUNTRY_FAILED when they are damaged or become more than `most`. */
export async function* gunzipped(chunks: AsyncIterable<Buffer>, most = MOST_UNPACKED): AsyncGenerator<Buffer> {
  const [first, all] = await peek(chunks);
  if (!isGzip(first)) {
    yield* all;
    return;
  }
  let unpacked = 0;
  const source = Readable.from(all);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > most) throw broken(`it unpacks to more than ${most} bytes`);
      yield chunk;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? broken(`it is a damaged gzip file (${message})`) : error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes (a few hundred, if there are that many), and the whole stream with them. */
export async function peek(
  chunks: AsyncIterable<Buffer>,
): Promise<readonly [first: Buffer, all: AsyncIterable<Buffer>]> {
  const rest = chunks[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  while (first.length < ENOUGH) {
    const next = await rest.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  const all = async function* () {
    try {
      if (first.length > 0) yield first;
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
    } finally {
      await rest.return?.();
    }
  };
  return [first, all()];
}

const ENOUGH = 1024;
const BLOCK = 512;

export function isTar(bytes: Buffer): boolean {
  return bytes.toString('latin1', 257, 262) === 'ustar';
}

/** The first file in a tar whose name ends so. Throws COUNTRY_FAILED when there is none. */
export function fileInTar(tar: Buffer, ending: string): Buffer {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (!(size >= 0)) break;
    if (name.endsWith(ending)) {
      const file = tar.subarray(at + BLOCK, at + BLOCK + size);
      if (file.length === size) return file;
      break;
    }
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  throw broken(`the archive holds no whole *${ending}`);
}

/** All of it. Rejects with COUNTRY_FAILED when it is more than `most` bytes. */
export async function whole(chunks: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw broken(`it has more than ${most} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
