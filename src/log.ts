/** The daemon's log: one event, one line of JSON on stderr, foreign text escaped, secrets never. */
import pino from 'pino';
import { printable } from './domain/printable';
import type { Log } from './ports';

/** Fields that no caller passes on purpose; a mistake must not print a PIN. */
const SECRETS = ['pin', 'secret', 'password', 'pinHash', 'pepper'];

/** A tenth of a second, or so many bytes: to hand a line alone to another thread costs a call more than all else of it. */
const TOGETHER = { minLength: 4096, periodicFlush: 100 };

/** `atOnce`: each line is written before the call returns; else several together, beside the event loop, in which telephone calls wait. */
export function openLog(fd: number = process.stderr.fd, { atOnce = false } = {}): Log {
  const options: pino.LoggerOptions = { base: null, redact: SECRETS, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(
    options,
    pino.destination({ dest: fd, ...(atOnce ? { sync: true } : { sync: false, ...TOGETHER }) }),
  );
  return (event, fields = {}) => logger.info(escaped(fields), printable(event));
}

function escaped(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, harmless(value)]));
}

/** Strings at any depth: JSON itself leaves characters that turn the writing round. */
function harmless(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(harmless);
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? escaped(value as Readonly<Record<string, unknown>>) : value;
}
