/** Long work with pauses, so that calls and Asterisk are served in the middle of it. */

/** Takes a few milliseconds, whatever is done with each. */
const AT_ONCE = 5_000;

/** Does it for each, and lets others go first after every few thousand; never for fewer. */
export async function forEachInTurn<T>(all: Iterable<T>, work: (one: T) => void): Promise<void> {
  let count = 0;
  for (const one of all) {
    work(one);
    if (++count % AT_ONCE === 0) await othersFirst();
  }
}

/** Resolves when everybody who waited for the process has had it. */
export function othersFirst(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
