/** A queue of width one: what runs in it never overlaps. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export function oneAtATime(): OneAtATime {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = tail.then(work);
    tail = result.catch(() => undefined); // the caller of `result` hears of it; the next in line must not
    return result;
  };
}
