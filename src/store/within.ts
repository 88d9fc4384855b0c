/** A promise with a deadline. */
import type { Clock } from '../ports';

export interface Deadline<T> {
  readonly ms: number;
  readonly clock: Clock;
  /** What to reject with when the time is up. */
  readonly fault: () => Error;
  /** Gets what came after that, so that it can be given back. */
  readonly tooLate?: (result: T) => void;
}

/** Without a reason of ours each answer in time would cost an error with its stack. */
const SETTLED = 'settled';

/** Settles as `work` does, or rejects when the time is up. */
export async function within<T>(work: Promise<T>, { ms, clock, fault, tooLate }: Deadline<T>): Promise<T> {
  const settled = new AbortController();
  const up = clock.sleep(ms, settled.signal).then(() => 'up' as const);
  const first = await Promise.race([work.then((result) => ({ result })), up]).finally(() => settled.abort(SETTLED));
  if (typeof first === 'object') return first.result;
  // Its own failure, that late, tells nobody anything new.
  work.then((result) => tooLate?.(result)).catch(() => undefined);
  throw fault();
}
