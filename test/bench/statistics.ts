/** What many measurements say in few numbers. */

/** The value below which this share of them lies, by nearest rank: one that was really measured. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const [below = NaN, above = NaN] = [sorted[Math.floor(half)], sorted[Math.ceil(half)]];
  return (below + above) / 2;
}

/** Of fewer, the slowest in a hundred is only the slowest that happened to come. */
const LEAST_FOR_P99 = 100;

/** Throws RangeError where there are fewer than a hundred. */
export function p99(values: readonly number[]): number {
  if (values.length < LEAST_FOR_P99) throw new RangeError(`no p99 of ${values.length} values`);
  return quantile(values, 0.99);
}

/** How slow it gets, as well as so many values can tell. */
export function slow(values: readonly number[]): { readonly name: 'p99' | 'greatest'; readonly value: number } {
  return values.length < LEAST_FOR_P99
    ? { name: 'greatest', value: quantile(values, 1) }
    : { name: 'p99', value: p99(values) };
}

/** How two variants compare, and how far the rounds of one run disagree about it. */
export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/**
 * Round by round, because what disturbs the machine disturbs both variants of a round alike: the median of the rounds'
 * own ratios, and the least and greatest of them. Rounds are in the same order in both.
 */
export function ratioOf(
  ours: readonly (readonly number[])[],
  theirs: readonly (readonly number[])[],
  figure: (values: readonly number[]) => number,
): Ratio {
  if (ours.length !== theirs.length) throw new RangeError('a round lacks one of its variants');
  const ratios = ours.map((round, i) => figure(round) / figure(theirs[i] ?? []));
  return { value: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios), rounds: ratios.length };
}
