/** The terminal that this process was started at. */
import type { Readable, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { ask } from './ask';
import { askHidden } from './ask-hidden';
import type { Terminal } from './product';

/** The streams of `process`; a test has its own. */
export interface Streams {
  readonly stdin: Readable & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;
  readonly stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
  readonly stderr: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** What a terminal has when it does not tell. */
const COLUMNS = 80;
/** npm and the terminal both hand on one Ctrl-C. After that a second one ends us at once, as it does by default. */
const SAME_WISH_MS = 1_000;

export function terminalOf(streams: Streams): Terminal {
  const { stdin, stdout, stderr } = streams;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    progress: (text) => {
      if (stderr.isTTY === true) stderr.write(`\r${(text ?? '').slice(0, (stderr.columns || COLUMNS) - 1)}\u001b[K`);
    },
    watched: stdout.isTTY === true,
    columns: stdout.columns || COLUMNS,
    interactive: stdin.isTTY === true,
    ask: (question) => ask(stdin, stderr, question),
    askHidden: (question) => askHidden(stdin, stderr, question),
    async readStdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer));
      return Buffer.concat(chunks).toString('utf8');
    },
    stopSignal() {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const hear = () => {
          stop.abort(signal);
          setTimeout(() => streams.off(signal, hear), SAME_WISH_MS).unref();
        };
        streams.on(signal, hear);
      }
      return stop.signal;
    },
  };
}
