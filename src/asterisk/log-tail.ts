/** Follows a log file as lines are added to it, through rotation, truncation and absence. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Clock, Log } from '../ports';

export interface LogTail {
  /** Why it cannot be read; undefined: it can, or was not looked at yet. */
  readonly fault: string | undefined;
  stop(): Promise<void>;
}

const EVERY_MS = 500;
/** In bytes. A longer line is left out up to its end. */
const LONGEST_LINE = 8192;

/**
 * Lines that are there at the start are left alone, and what is added to the last of them if it is half a line. A file
 * that is emptied and within half a second filled as far as it was read is taken for the same. `onLine` must not throw.
 */
export function followLog(file: string, onLine: (line: string) => void, ports: { clock: Clock; log: Log }): LogTail {
  const stopping = new AbortController();
  const { signal } = stopping;
  let fault: string | undefined;
  const look = async (now: OpenLog | undefined, reader: LineReader): Promise<OpenLog | undefined> => {
    let followed = now;
    try {
      // What was opened may still get lines, wherever its name leads to.
      const next = await following(file, now).finally(() => now?.readInto(reader, signal));
      if (next !== now) {
        await now?.close();
        reader.restart();
        followed = next;
        await next.readInto(reader, signal);
      }
      fault = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (fault === undefined) ports.log('log-not-read', { file, why });
      fault = why;
    }
    return followed;
  };
  const running = (async () => {
    let now: OpenLog | undefined = await openAt(file, 'end').catch(() => undefined); // the first look tells why
    const reader = lineReader(onLine, now?.isWithin === true);
    while (!signal.aborted) {
      await ports.clock.sleep(EVERY_MS, signal);
      now = await look(now, reader);
    }
    await now?.close();
  })();
  return {
    get fault() {
      return fault;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface OpenLog {
  readonly inode: number;
  /** It is read from behind its start, which may be the end of a line or within one. */
  readonly isWithin: boolean;
  /** All that is there, unless it is stopped. */
  readInto(reader: LineReader, stop: AbortSignal): Promise<void>;
  /** How far it was read, in bytes. */
  readonly position: number;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The same, or what lies under its name now: another file that is written to already, or the same one emptied. */
async function following(file: string, now: OpenLog | undefined): Promise<OpenLog> {
  const next = await openAt(file, 'start');
  if (!now) return next;
  const size = await next.size();
  // Asterisk goes on with the file that was put aside until it is told to reopen it.
  const isSame = next.inode === now.inode ? size >= now.position : size === 0;
  if (!isSame) return next;
  await next.close();
  return now;
}

/** A pipe in its place must not be waited for. */
const { O_NONBLOCK, O_RDONLY } = constants;

async function openAt(file: string, where: 'start' | 'end'): Promise<OpenLog> {
  const handle: FileHandle = await open(file, O_RDONLY | O_NONBLOCK);
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new Error(`${file} is no file`);
  }
  const isWithin = where === 'end' && stats.size > 0;
  // The last byte tells whether a line begins behind it.
  let position = isWithin ? stats.size - 1 : 0;
  return {
    inode: stats.ino,
    isWithin,
    get position() {
      return position;
    },
    async readInto(reader, stop) {
      for (let isMore = true; isMore && !stop.aborted;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, position);
        position += bytesRead;
        reader.take(buffer.subarray(0, bytesRead));
        isMore = bytesRead === READ_BYTES;
      }
    },
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

const READ_BYTES = 64 * 1024;

interface LineReader {
  take(bytes: Buffer): void;
  /** What comes next begins a line. */
  restart(): void;
}

/** Cuts bytes into lines; half a line waits for its other half. What comes first may be within a line: that is left out. */
function lineReader(onLine: (line: string) => void, isWithin: boolean): LineReader {
  let rest = '';
  let isLeftOut = isWithin;
  return {
    take(bytes: Buffer): void {
      // A character a byte, because they may be cut within one of several bytes.
      const [first = '', ...others] = (rest + bytes.toString('latin1')).split('\n');
      const lines = [first, ...others];
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!isLeftOut && line.length <= LONGEST_LINE) onLine(Buffer.from(line, 'latin1').toString());
        isLeftOut = false;
      }
      if (rest.length > LONGEST_LINE) [rest, isLeftOut] = ['', true];
    },
    restart(): void {
      [rest, isLeftOut] = ['', false];
    },
  };
}
