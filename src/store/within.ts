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

const UP = Symbol('the time is up');

/** Settles as `work` does, or rejects when the time is up. */
export async function within<T>(work: Promise<T>, { ms, clock, fault, tooLate }: Deadline<T>): Promise<T> {
  let cancel: () => void = () => undefined;
  const up = new Promise<typeof UP>((resolve) => {
    cancel = clock.timer(ms, () => resolve(UP));
  });
  try {
    const first = await Promise.race([work, up]);
    if (first !== UP) return first;
  } finally {
    cancel();
  }
  // Its own failure, that late, tells nobody anything new.
  work.then((result) => tooLate?.(result)).catch(() => undefined);
  throw fault();
}
