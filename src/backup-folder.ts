/** Backups on disk: one file each, JSON under gzip, complete or not there. */
import { constants } from 'node:fs';
import { chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip, constants as zlib } from 'node:zlib';
import { backupText, readBackup } from './backup-text';
import type { Backup, Backups, NewBackup } from './domain/backup';
import { AppError } from './errors';
import type { Log } from './ports';
import { syncFolder } from './sync-folder';

interface Options {
  readonly folder: string;
  /** So many are kept. */
  readonly keep: number;
  /** The daemon's user, for what root's commands make. */
  readonly owner: () => { readonly uid: number; readonly gid: number } | undefined;
  readonly log: Log;
}

const NAME = /^(\d{8}-\d{6}(?:-\d{1,4})?)\.json\.gz$/;
/** A quarter more room than gzip's usual, in a fifth of the time, for which a change of the rules waits. */
const QUICKLY = zlib.Z_BEST_SPEED;
/** Unpacked: more than any kernel's sets take. */
const MOST_BYTES = 1 << 28;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

export function backupFolder({ folder, keep, owner, log }: Options): Backups {
  const fileOf = (id: string) => join(folder, `${id}.json.gz`);

  /** Newest first. */
  async function ids(): Promise<readonly string[]> {
    const names = await readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).sort(newestFirst);
  }

  async function read(id: string): Promise<Backup | undefined> {
    if (!NAME.test(`${id}.json.gz`)) return undefined;
    const packed = await readFile(fileOf(id)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!packed) return undefined;
    const text = await promisify(gunzip)(packed, { maxOutputLength: MOST_BYTES });
    return readBackup(id, text.toString('utf8'));
  }

  async function write(id: string, backup: NewBackup): Promise<void> {
    const next = `${fileOf(id)}.new`;
    await rm(next, { force: true });
    try {
      // Exclusive: root never writes through a link that the daemon's user has put there.
      const handle = await open(next, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o640);
      try {
        const user = owner();
        if (user && process.geteuid?.() === 0) await handle.chown(user.uid, user.gid);
        await handle.writeFile(await promisify(gzip)(backupText(backup), { level: QUICKLY }));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, fileOf(id));
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  async function makeFolder(): Promise<void> {
    if ((await mkdir(folder, { recursive: true, mode: 0o750 })) === undefined) return;
    const user = owner();
    if (user && process.geteuid?.() === 0) await chown(folder, user.uid, user.gid);
    await syncFolder(dirname(folder));
  }

  return {
    async save(backup) {
      try {
        await makeFolder();
        const there = await ids();
        const id = freeId(backup.at, there);
        await write(id, backup);
        for (const old of there.slice(Math.max(0, keep - 1))) await rm(fileOf(old), { force: true });
        return id;
      } catch (error) {
        throw fault(`the state before could not be saved in ${folder}`, 'is the disk full?', error);
      }
    },
    async list() {
      const found: Backup[] = [];
      for (const id of await ids()) {
        const one = await read(id).catch((error: unknown) => {
          log('backup damaged', { id, error: String(error) });
          return undefined;
        });
        if (one) found.push(one);
      }
      return found;
    },
    read: (id) =>
      read(id).catch((error: unknown) => {
        throw fault(`the backup ${id} is damaged`, 'take another one: tollgate backup list', error);
      }),
  };
}

/** Behind all of its second, so that it is the newest also when the first of them have given way. */
function freeId(at: Date, taken: readonly string[]): string {
  const [date = '', time = ''] = at.toISOString().split(/[T.]/);
  const second = `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
  const last = taken.find((id) => partsOf(id).second === second);
  return last === undefined ? second : `${second}-${partsOf(last).turn + 1}`;
}

function newestFirst(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  return other.second.localeCompare(one.second) || other.turn - one.turn;
}

function partsOf(id: string): { readonly second: string; readonly turn: number } {
  const [, second = '', turn = '1'] = /^(\d{8}-\d{6})(?:-(\d+))?$/.exec(id) ?? [];
  return { second, turn: Number(turn) };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function fault(what: string, hint: string, error: unknown): AppError {
  const why = error instanceof Error ? error.message : String(error);
  return new AppError('FIREWALL_FAILED', `${what}: ${why}`, hint, error);
}
