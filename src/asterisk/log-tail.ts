/** Follows a log file as lines are added to it, through rotation, truncation and absence. */
import { open, type FileHandle } from 'node:fs/promises';
import type { Clock, Log } from '../ports';

export interface LogTail {
  /** Why it cannot be read; undefined: it can, or was not looked at yet. */
  readonly fault: string | undefined;
  stop(): Promise<void>;
}

const EVERY_MS = 500;
/** Of one look; what comes faster is read at the next, without waiting. */
const MOST_BYTES = 1 << 20;
/** A longer line is left out up to its end. */
const LONGEST_LINE = 8192;

/** Lines that are there at the start are left alone. `onLine` must not throw. */
export function followLog(file: string, onLine: (line: string) => void, ports: { clock: Clock; log: Log }): LogTail {
  const stopping = new AbortController();
  let fault: string | undefined;
  const look = async (now: OpenLog | undefined, reader: LineReader): Promise<OpenLog | undefined> => {
    try {
      const next = await following(file, now);
      fault = undefined;
      if (next === now) return now;
      reader.restart();
      await now?.close();
      return next;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (fault === undefined) ports.log('log-not-read', { file, why });
      fault = why;
      return now; // what was opened may still get lines
    }
  };
  const running = (async () => {
    const reader = lineReader(onLine);
    let now: OpenLog | undefined = await openAt(file, 'end').catch(() => undefined); // the first look tells why
    while (!stopping.signal.aborted) {
      if (await now?.readInto(reader)) continue;
      await ports.clock.sleep(EVERY_MS, stopping.signal);
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
  /** Resolves to whether there may be more to read at once. */
  readInto(reader: LineReader): Promise<boolean>;
  /** How far it was read, in bytes. */
  readonly position: number;
  close(): Promise<void>;
}

/** The same, or what lies under its name now: another file, or the same one emptied. */
async function following(file: string, now: OpenLog | undefined): Promise<OpenLog> {
  const next = await openAt(file, 'start');
  if (now && next.inode === now.inode && (await next.size()) >= now.position) {
    await next.close();
    return now;
  }
  return next;
}

async function openAt(file: string, where: 'start' | 'end'): Promise<OpenLog & { size(): Promise<number> }> {
  const handle: FileHandle = await open(file, 'r');
  const { ino, size } = await handle.stat();
  let position = where === 'end' ? size : 0;
  return {
    inode: ino,
    get position() {
      return position;
    },
    async readInto(reader) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, position);
      position += bytesRead;
      reader.take(buffer.subarray(0, bytesRead));
      return bytesRead === buffer.length && position % MOST_BYTES !== 0;
    },
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

interface LineReader {
  take(bytes: Buffer): void;
  /** What comes next begins a line. */
  restart(): void;
}

/** Cuts bytes into lines; half a line waits for its other half. */
function lineReader(onLine: (line: string) => void): LineReader {
  let rest = '';
  let isTooLong = false;
  return {
    take(bytes: Buffer): void {
      const [first = '', ...others] = (rest + bytes.toString('latin1')).split('\n');
      const lines = [first, ...others];
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!isTooLong && line.length <= LONGEST_LINE) onLine(line);
        isTooLong = false;
      }
      if (rest.length > LONGEST_LINE) [rest, isTooLong] = ['', true];
    },
    restart(): void {
      [rest, isTooLong] = ['', false];
    },
  };
}
