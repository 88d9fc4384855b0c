/** A moment as people read it in a letter. */
import type { Until } from '../domain/entry';

/** `Sunday 22 November 2026, 14:05 (Europe/Berlin)`, or `for good`. */
export function longWhen(until: Until, timeZone: string): string {
  if (until === 'forever') return 'for good';
  const part = parts(until, timeZone, { weekday: 'long', month: 'long' });
  return `${part('weekday')} ${part('day')} ${part('month')} ${part('year')}, ${part('hour')}:${part('minute')} (${timeZone})`;
}

/** `Sun 22 Nov, 14:05`, for a subject line. */
export function shortWhen(moment: Date, timeZone: string): string {
  const part = parts(moment, timeZone, { weekday: 'short', month: 'short' });
  return `${part('weekday')} ${part('day')} ${part('month')}, ${part('hour')}:${part('minute')}`;
}

/** Put together by ourselves: the order and the commas of `format` change with the ICU version. */
function parts(moment: Date, timeZone: string, names: Pick<Intl.DateTimeFormatOptions, 'weekday' | 'month'>) {
  const digits = { day: 'numeric', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const list = new Intl.DateTimeFormat('en-US', { timeZone, ...digits, ...names }).formatToParts(moment);
  return (type: Intl.DateTimeFormatPartTypes): string => list.find((each) => each.type === type)?.value ?? '';
}
