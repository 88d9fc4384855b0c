/** Moments as people read them, in the PBX's time zone. */
import { formatDuration } from '../domain/duration';

export interface Times {
  readonly zone: string;
  readonly now: Date;
  /** `22 Nov 10:41`, with the year when it is another one. */
  moment(iso: string): string;
  /** The same to the second. */
  exact(iso: string): string;
  /** `in 2 d 3 h (24 Nov 13:41)`, `ended 24 Nov 13:41`; null: `for good`. */
  until(iso: string | null): string;
}

export function timesIn(zone: string, now: Date): Times {
  const moment = (iso: string, seconds = false) => {
    const [part, year] = [partsOf(new Date(iso), zone), partsOf(now, zone)('year')];
    const day = `${part('day')} ${part('month')}${part('year') === year ? '' : ` ${part('year')}`}`;
    return `${day} ${part('hour')}:${part('minute')}${seconds ? `:${part('second')}` : ''}`;
  };
  return {
    zone,
    now,
    moment: (iso) => moment(iso),
    exact: (iso) => moment(iso, true),
    until(iso) {
      if (iso === null) return 'for good';
      const left = (new Date(iso).getTime() - now.getTime()) / 1000;
      return left > 0 ? `in ${formatDuration(left)} (${moment(iso)})` : `ended ${moment(iso)}`;
    },
  };
}

/** Put together by ourselves: the order and the commas of `format` change with the ICU version. */
function partsOf(moment: Date, timeZone: string) {
  const digits = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, day: 'numeric', month: 'short', year: 'numeric' },
    ...digits,
  });
  const list = format.formatToParts(moment);
  return (type: Intl.DateTimeFormatPartTypes): string => list.find((each) => each.type === type)?.value ?? '';
}
