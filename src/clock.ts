/** The machine's own clock. */
import type { Clock } from './ports';

export const clock: Clock = {
  now: () => new Date(),
  // Not of node:timers/promises: that one makes an error, with a stack, for each sleep that is cut short.
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
  timer: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};
