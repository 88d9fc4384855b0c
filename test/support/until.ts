/** Waits for the world instead of for a time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when `condition` holds; rejects, naming `what`, after `mostMs`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, mostMs = 10_000): Promise<void> {
  const end = performance.now() + mostMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${mostMs} ms in vain: ${what}`);
    await sleep(5);
  }
}
