/** A moment as people read it in a letter. */
import type { Until } from '../domain/entry';

export interface When {
  /** `Sunday 22 November 2026, 14:05 (Europe/Berlin)`, or `for good`. */
  long(until: Until): string;
  /** `Sun 22 Nov, 14:05`, for a subject line. */
  short(moment: Date): string;
}

/** Made once: a formatter takes as long to make as the rest of a letter. `timeZone`: an IANA name. */
export function whenIn(timeZone: string): When {
  const whole = partsIn(timeZone, { weekday: 'long', month: 'long' });
  const brief = partsIn(timeZone, { weekday: 'short', month: 'short' });
  return {
    long: (until) => {
      if (until === 'forever') return 'for good';
      const part = whole(until);
      return `${part('weekday')} ${part('day')} ${part('month')} ${part('year')}, ${part('hour')}:${part('minute')} (${timeZone})`;
    },
    short: (moment) => {
      const part = brief(moment);
      return `${part('weekday')} ${part('day')} ${part('month')}, ${part('hour')}:${part('minute')}`;
    },
  };
}

/** Put together by ourselves: the order and the commas of `format` change with the ICU version. */
function partsIn(timeZone: string, names: Pick<Intl.DateTimeFormatOptions, 'weekday' | 'month'>) {
  const digits = { day: 'numeric', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, ...digits, ...names });
  return (moment: Date) => {
    const list = format.formatToParts(moment);
    return (type: Intl.DateTimeFormatPartTypes): string => list.find((each) => each.type === type)?.value ?? '';
  };
}
