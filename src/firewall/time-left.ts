/** How long the kernel keeps a member: seconds, or for good. */
import type { Until } from '../domain/entry';

export type Left = number | 'forever';

/**
 * The longest timeout we give, well under the kernel's 2,147,483 s (32 bits of milliseconds); a longer lease is renewed
 * on the way. A machine that nobody looks after therefore closes its doors after 20 days, never late.
 */
const LONGEST_SECONDS = 20 * 24 * 3600;
/** A lease longer than that is given its full time again when the kernel has less than this left for it. */
const RENEW_BELOW_SECONDS = LONGEST_SECONDS / 2;
/** Reading half a million members takes a while, and so does sending them. */
const SHORT_BY_SECONDS = 5;
/** Seconds are rounded down on both sides, so a member that is right never has more than wanted. */
const LONG_BY_SECONDS = 1;

/** Rounded down, so that nothing ends late; a second at least, because 0 is the kernel's "for good". Undefined: over. */
export function leftUntil(until: Until, now: Date): Left | undefined {
  if (until === 'forever') return until;
  const ms = until.getTime() - now.getTime();
  return ms <= 0 ? undefined : Math.max(1, Math.floor(ms / 1000));
}

/** As ipset takes it: 0 is for good. */
export function timeoutOf(left: Left): number {
  return left === 'forever' ? 0 : Math.min(left, LONGEST_SECONDS);
}

/** Is what the kernel has near enough to what is wanted? A lease beyond the longest timeout may have run down half. */
export function isNear(want: Left, have: Left): boolean {
  if (want === 'forever' || have === 'forever') return want === have;
  if (have > timeoutOf(want) + LONG_BY_SECONDS) return false;
  return want > LONGEST_SECONDS ? have >= RENEW_BELOW_SECONDS : have >= want - SHORT_BY_SECONDS;
}

/** What is left of it after so many seconds; may be 0 or less. */
export function aged(left: Left, seconds: number): Left {
  return left === 'forever' ? left : left - seconds;
}
