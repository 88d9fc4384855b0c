/** Keeps this PBX in step with what others did in a database that they share, and knows when it is away. */
import type { Mode } from '../domain/firewall';
import { AppError } from '../errors';
import type { Doors } from './doors';
import type { Parts } from './parts';

/** `mode`: the last that was known; the kernel still has it. */
export interface Away {
  readonly since: Date;
  readonly why: string;
  readonly mode: Mode | undefined;
}

export interface Follower {
  /** What was changed until now will be read as a whole. */
  begin(): Promise<void>;
  /**
   * Brings the kernel to what was changed since, at the cost of one number when nothing was. Without the database the
   * kernel decides on by itself, and the next look catches up. `all` reads everything, for a count that went back.
   */
  look(all: () => Promise<unknown>): Promise<void>;
  /** Since when the database does not answer, and why; undefined: it does. */
  away(): Away | undefined;
}

export function follower({ store, clock, log }: Parts, doors: Doors): Follower {
  let seen = 0;
  let mode: Mode | undefined;
  let away: Away | undefined;
  const catchUp = async (all: () => Promise<unknown>) => {
    const now = await store.revision();
    if (now < seen)
      await all(); // a backup was put back
    else if (now > seen) await doors.follow(seen);
    seen = now;
    ({ mode } = await store.modeState());
  };
  return {
    begin: async () => void (seen = await store.revision()),
    async look(all) {
      try {
        await catchUp(all);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'STORE_FAILED') throw error;
        if (!away) log('database away', { error: error.what });
        away = { since: away?.since ?? clock.now(), why: error.what, mode };
        return;
      }
      if (away) log('database back', { since: away.since.toISOString() });
      away = undefined;
    },
    away: () => away,
  };
}
