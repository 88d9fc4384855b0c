/** One line of the table: what was measured, against what, and whether that is as good as it should be. */
import { median, ratioOf, slow, type Ratio } from './statistics';
import type { Rounds } from './rounds';

export interface Row {
  readonly what: string;
  /** What it is compared with; undefined: nothing. */
  readonly against: string | undefined;
  /** Already in words: `1.2 ms (p99 3.4 of 240)`. */
  readonly ours: string;
  readonly theirs: string | undefined;
  readonly ratio: Ratio | undefined;
  /** As the project has set it; undefined: only told. */
  readonly goal: { readonly text: string; readonly met: boolean } | undefined;
}

export function told(what: string, ours: string, goal?: Row['goal']): Row {
  return { what, against: undefined, ours, theirs: undefined, ratio: undefined, goal };
}

export interface Compared {
  readonly what: string;
  readonly against: string;
  readonly ours: Rounds;
  readonly theirs: Rounds;
  /** What is compared; the median unless told. */
  readonly figure?: (values: readonly number[]) => number;
  /** The greatest ratio that will do. */
  readonly mostTimes?: number;
}

export function compared({ what, against, ours, theirs, figure = median, mostTimes }: Compared): Row {
  const ratio = ratioOf(ours, theirs, figure);
  const name = figure === median ? 'median' : 'p99';
  const goal =
    mostTimes === undefined ? undefined : { text: `${name} ${limitText(mostTimes)}`, met: ratio.value <= mostTimes };
  return { what, against, ours: figures(ours.flat()), theirs: figures(theirs.flat()), ratio, goal };
}

function limitText(mostTimes: number): string {
  return mostTimes < 1 ? `at least ${Math.round(1 / mostTimes)} times less` : `at most ${mostTimes} times`;
}

/** Milliseconds as `1.23 ms (p99 4.56 of 240)`, of fewer than a hundred as `1.23 ms (greatest 4.56 of 30)`. */
export function figures(values: readonly number[]): string {
  const { name, value } = slow(values);
  const spread = values.length === 1 ? 'once' : `${name} ${number(value)} of ${values.length}`;
  return `${number(median(values))} ms (${spread})`;
}

/** Three digits that count. */
export function number(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value > 0 && value < 0.095) return value.toPrecision(2);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
