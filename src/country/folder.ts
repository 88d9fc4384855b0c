/** The folder with the tables: the one in force is the newest, and the two before it are kept. */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors';
import { syncFolder } from '../sync-folder';
import { broken, unreadable as faultAt } from './fault';
import { decodeTable, encodeTable, MOST_FILE_BYTES, type KeptTable, type TableHead } from './table-file';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const KEPT = 3;
const TABLE = /^table-(\d{6})$/;
const INCOMING = /^incoming-[0-9a-f]{8,32}$/;

/** Names of the tables, the newest first. A folder that is not there has none. */
async function tablesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw faultAt(folder, error);
  });
  return names.filter((name) => TABLE.test(name)).sort().reverse(); // prettier-ignore
}

/** Rejects with COUNTRY_FAILED when it cannot be read or is damaged. */
async function readTable(folder: string, name: string): Promise<KeptTable> {
  return decodeTable(await bytesOf(join(folder, name), MOST_FILE_BYTES));
}

/** The table in force. `tellDamaged` hears of newer ones that are damaged; undefined: there is none at all. */
export async function newestWhole(
  folder: string,
  tellDamaged: (name: string, why: string) => void,
): Promise<KeptTable | undefined> {
  for (const name of await tablesIn(folder)) {
    try {
      return await readTable(folder, name);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      tellDamaged(name, error.what);
    }
  }
  return undefined;
}

/**
 * Of the newest table; undefined: there is none that tells. One that is damaged anywhere tells nothing: its source must not
 * be believed that nothing is newer.
 */
export async function newestHead(folder: string): Promise<TableHead | undefined> {
  const [name] = await tablesIn(folder);
  if (name === undefined) return undefined;
  try {
    return (await readTable(folder, name)).head;
  } catch (error) {
    if (error instanceof AppError && error.code === 'COUNTRY_FAILED') return undefined;
    throw error;
  }
}

/** Lays a new table down, not yet in force; `owner` is the daemon's user. Resolves when it is on the disk. */
export async function layDown(folder: string, name: string, kept: KeptTable, owner: Owner | undefined): Promise<void> {
  const own = (handle: FileHandle) =>
    owner && process.geteuid?.() === 0 ? handle.chown(owner.uid, owner.gid) : undefined;
  try {
    if ((await mkdir(folder, { mode: 0o750, recursive: true })) !== undefined) await closing(await open(folder), own);
    // exclusive: root never writes through a link that somebody has put there
    await closing(await open(join(folder, name), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o640), async (handle) => {
      await own(handle);
      await handle.writeFile(encodeTable(kept));
      await handle.sync();
    });
  } catch (error) {
    throw faultAt(folder, error);
  }
}

/** Reads what was laid down under this name. Rejects with COUNTRY_FAILED. */
export function readIncoming(folder: string, name: string): Promise<KeptTable> {
  if (!INCOMING.test(name)) throw broken(`"${name}" is no new table`);
  return readTable(folder, name);
}

/** Puts it into force in one step, and lets go of all but the last three. */
export async function putInForce(folder: string, name: string): Promise<void> {
  const [newest] = await tablesIn(folder);
  const number = Number(TABLE.exec(newest ?? '')?.[1] ?? 0) + 1;
  try {
    await rename(join(folder, name), join(folder, `table-${String(number).padStart(6, '0')}`));
    await syncFolder(folder);
  } catch (error) {
    throw faultAt(folder, error);
  }
  for (const old of (await tablesIn(folder)).slice(KEPT)) await rm(join(folder, old), { force: true });
}

/** What was laid down and never put into force. */
export async function removeIncoming(folder: string, name: string): Promise<void> {
  if (INCOMING.test(name)) await rm(join(folder, name), { force: true });
}

/** A file of at most `most` bytes. Rejects with COUNTRY_FAILED. */
async function bytesOf(file: string, most: number): Promise<Buffer> {
  try {
    return await closing(await open(file, O_RDONLY), async (handle) => {
      const { size } = await handle.stat();
      if (size > most) throw broken(`${file} has ${size} bytes: more than a table can have`);
      return handle.readFile();
    });
  } catch (error) {
    throw faultAt(file, error);
  }
}

async function closing<T>(handle: FileHandle, work: (handle: FileHandle) => T | Promise<T>): Promise<T> {
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
