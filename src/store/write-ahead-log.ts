/** Brings what SQLite has written to the disk. It would do so itself, but stop every call until the disk has answered. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const [open, close] = [promisify(fs.open), promisify(fs.close)];
const [fdatasync, fsync] = [promisify(fs.fdatasync), promisify(fs.fsync)];

export interface WriteAheadLog {
  /** Resolves when all that was committed until now would outlive a power cut. Once it has failed, it fails for good. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** `database`: the file beside which SQLite keeps its log as long as it has it open. Never the file itself: closing it would free SQLite's locks. */
export function writeAheadLog(database: string): WriteAheadLog {
  let descriptor: number | undefined;
  let fault: Error | undefined;
  return {
    async sync() {
      // What the disk has refused once the kernel holds for clean: a second answer would say nothing.
      if (fault) throw fault;
      try {
        descriptor ??= await openKept(`${database}-wal`);
        await fdatasync(descriptor);
      } catch (error) {
        throw (fault = error instanceof Error ? error : new Error(String(error)));
      }
    },
    async close() {
      if (descriptor !== undefined) await close(descriptor);
      descriptor = undefined;
    },
  };
}

/** A file that was made just now is only found again when its folder is on the disk too. */
async function openKept(file: string): Promise<number> {
  const descriptor = await open(file, 'r');
  const folder = await open(dirname(file), 'r');
  try {
    await fsync(folder);
  } finally {
    await close(folder);
  }
  return descriptor;
}
