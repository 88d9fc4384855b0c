/** The outside world on one screen. The real ones live beside their use, the fakes in test/support. */

/**
 * Runs one program without a shell, with a fixed PATH and LC_ALL=C, and resolves to its stdout.
 * Rejects with AppError COMMAND_FAILED that quotes the command and what it wrote to stderr.
 */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;
interface RunOptions {
  /** Pieces are asked for as the program takes them. */
  readonly stdin?: string | Iterable<string>;
  /** Added to PATH and LC_ALL, which nobody changes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is killed; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** Time. A port so that leases, locks and back-off are tested exactly and without waiting. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `ring` after `ms` milliseconds, unless what is returned is called before: a limit that is rarely reached. */
  timer(ms: number, ring: () => void): () => void;
}

/** One event, one line. Fields never hold a PIN or a secret; foreign text is escaped by the implementation. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Cryptographically strong bytes. */
export type Random = (size: number) => Buffer;
