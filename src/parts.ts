/** Parts of the daemon start in order and stop backwards, whatever fails. */
import type { Log } from './ports';

export interface Part {
  readonly name: string;
  /** Awaited. */
  start(): unknown;
  stop(): unknown;
}

/** Starts every part, says `ready`, waits until `stop` aborts, and stops what was started. Rejects when a start does. */
export async function runParts(
  parts: readonly Part[],
  stop: AbortSignal,
  log: Log,
  ready: () => Promise<void>,
): Promise<void> {
  const started: Part[] = [];
  try {
    for (const part of parts) {
      await part.start();
      started.push(part);
      log('started', { part: part.name });
      if (stop.aborted) return;
    }
    await ready();
    await aborted(stop);
  } finally {
    for (const part of started.reverse()) {
      await Promise.resolve(part)
        .then(() => part.stop())
        .catch((error: unknown) => log('stop failed', { part: part.name, error: String(error) }));
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
