/** Once a day, what is older than the settings keep is forgotten, a little with each tick. */
import type { Parts } from './parts';

const DAY_MS = 24 * 3600 * 1000;
const LETTERS_MS = 30 * DAY_MS;
/**
 * Nothing is forgotten in the first hour after the start, and after the clock has jumped: a machine that boots in the
 * wrong year must have been put right by then.
 */
const DOUBT_MS = 3600 * 1000;
const JUMP_MS = 5 * 60 * 1000;

export interface Forgetful {
  tick(): Promise<void>;
}

export function forgetful({ store, clock, log, rules }: Parts): Forgetful {
  let [last, due, gone] = [-Infinity, Infinity, 0];
  return {
    async tick() {
      const now = clock.now().getTime();
      if (Math.abs(now - last) > JUMP_MS) due = now + DOUBT_MS;
      last = now;
      if (now < due) return;
      const journal = new Date(now - rules.journalKeepSeconds * 1000);
      const rows = await store.forget({ journal, letters: new Date(now - LETTERS_MS) }, new Date(now));
      gone += rows;
      if (rows > 0) return;
      if (gone > 0) log('forgotten', { rows: gone, olderThan: journal.toISOString() });
      [due, gone] = [now + DAY_MS, 0];
    },
  };
}
