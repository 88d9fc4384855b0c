/** What goes on and on is told once in a while. */
import type { Clock } from '../ports';

export interface OnceInAWhile {
  readonly againMs: number;
  /** So many are remembered; then the oldest is told again. */
  readonly most: number;
}

/** The function returned says whether this is news: it was not told within the last `againMs`. */
export function onceInAWhile(clock: Clock, { againMs, most }: OnceInAWhile): (what: string) => boolean {
  const told = new Map<string, number>();
  return (what) => {
    const now = clock.now().getTime();
    const before = told.get(what);
    if (before !== undefined && now - before < againMs) return false;
    told.delete(what);
    const [oldest] = told.keys();
    if (told.size >= most && oldest !== undefined) told.delete(oldest);
    told.set(what, now);
    return true;
  };
}
