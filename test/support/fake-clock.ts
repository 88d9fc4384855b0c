/** A clock that moves only when it is told to, and wakes sleepers in the order of their times. */
import type { Clock } from '../../src/ports';

export interface FakeClock extends Clock {
  /** Moves on by `ms`, waking everybody whose time comes, and lets what they do settle before the next one. */
  advance(ms: number): Promise<void>;
  readonly sleepers: number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function fakeClock(start = new Date('2026-11-22T13:05:00Z')): FakeClock {
  let now = start.getTime();
  let sleepers: readonly Sleeper[] = [];
  return {
    now: () => new Date(now),
    get sleepers() {
      return sleepers.length;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper: Sleeper = {
          at: now + ms,
          wake: () => {
            sleepers = sleepers.filter((each) => each !== sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        if (signal?.aborted) {
          resolve();
          return;
        }
        sleepers = [...sleepers, sleeper];
        signal?.addEventListener('abort', sleeper.wake);
      }),
    timer: (ms, ring) => {
      const sleeper: Sleeper = {
        at: now + ms,
        wake: () => {
          sleepers = sleepers.filter((each) => each !== sleeper);
          ring();
        },
      };
      sleepers = [...sleepers, sleeper];
      return () => {
        sleepers = sleepers.filter((each) => each !== sleeper);
      };
    },
    advance: async (ms) => {
      const end = now + ms;
      await settled();
      for (;;) {
        const [next] = sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        now = Math.max(now, next.at);
        next.wake();
        await settled();
      }
      now = end;
    },
  };
}

/** Promises that need nothing but each other, a disk, or a few turns of the event loop have settled after this. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (process.getActiveResourcesInfo().some((what) => ['FSReqCallback', 'Immediate'].includes(what))) turn = 0;
  }
}
