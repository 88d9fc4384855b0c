/** Long work with pauses, so that calls and Asterisk are served in the middle of it. */

/** Takes a millisecond or two, whatever is done with each: in a longer one nobody reads what ipset says of as many members. */
const AT_ONCE = 1_000;

/** Does it for each, and lets others go first after every thousand; never for fewer. */
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
