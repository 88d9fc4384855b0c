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

export const p99 = (values: readonly number[]): number => quantile(values, 0.99);

/** How two variants compare, and how far the rounds of one run disagree about it. */
export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
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
  return { value: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}
