/** The saved state of the firewall on disk: replaced in one step, or longer by whole lines; never anything between. */
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Saved } from './firewall/boot-state';
import { syncFolder } from './sync-folder';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_WRONLY } = constants;
/** The unit that reads it at boot is root's. */
const MODE = 0o640;
/** No line that is read has such an end: half an address is often another address, and half an end is over. */
const SPOILS_HALF_A_LINE = ' !\n';

/** `owner`: the daemon's user, for files that root's commands make. */
export function bootFile(file: string, owner: () => Owner | undefined): Saved {
  return {
    base: (pieces, ready) => replace(file, pieces, owner(), ready),
    append: (lines) => appendTo(file, `${lines.join('\n')}\n`),
    async remove() {
      await rm(file, { force: true });
      await rm(temporary(file), { force: true });
      await syncFolder(dirname(file));
    },
  };
}

async function replace(
  file: string,
  pieces: Iterable<string>,
  owner: Owner | undefined,
  ready: Promise<void> | undefined,
): Promise<void> {
  const next = temporary(file);
  await rm(next, { force: true });
  try {
    // Exclusive: root never writes through a link that the daemon's user has put there.
    const handle = await open(next, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, MODE);
    await closing(handle, async () => {
      await handle.chmod(MODE);
      if (owner && process.geteuid?.() === 0) await handle.chown(owner.uid, owner.gid);
      for (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    });
    await ready;
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Opened anew each time, so that a file that somebody has taken away is missed. */
async function appendTo(file: string, text: string): Promise<void> {
  const handle = await open(file, O_APPEND | O_RDWR | O_NOFOLLOW);
  await closing(handle, async () => {
    const { size } = await handle.stat();
    try {
      await handle.writeFile((await startsMidLine(handle, size)) ? SPOILS_HALF_A_LINE + text : text);
      await handle.datasync();
    } catch (error) {
      // Half of what was asked for is worse than nothing of it; making a file shorter needs no room.
      await handle.truncate(size);
      throw error;
    }
  });
}

/** A process that died, or a disk that was full, may have left half a line. */
async function startsMidLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

async function closing(handle: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await handle.close();
  }
}

function temporary(file: string): string {
  return `${file}.new`;
}
