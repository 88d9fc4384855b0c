/** One at a time, in the order of asking. */
import { AppError } from '../errors';
import type { Clock } from '../ports';
import { within } from './within';

export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Each call waits for those before it, at most `ms` milliseconds, then rejects with STORE_FAILED. */
export function makeTurns(ms: number, clock: Clock, where: string): Turns {
  const fault = () =>
    new AppError('STORE_FAILED', `${where}: busy for ${ms} ms with earlier changes`, 'try again; nothing was changed');
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const before = last;
    let done = (): void => undefined;
    const mine = new Promise<void>((resolve) => (done = resolve));
    last = before.then(() => mine);
    try {
      await within(before, { ms, clock, fault });
      return await work();
    } finally {
      done();
    }
  };
}
