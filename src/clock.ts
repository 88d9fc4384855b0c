/** The machine's own clock. */
import type { Clock } from './ports';

export const clock: Clock = {
  now: () => new Date(),
  // Not of node:timers/promises: that one makes an error, with a stack, for each sleep that is cut short, and every
  // answer to Asterisk has such a sleep as its limit.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      if (signal?.aborted === true) wake();
      else signal?.addEventListener('abort', wake);
    }),
};
