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
  /** The same within a sentence: `until 24 Nov 13:41 (2 d 3 h)`. */
  end(iso: string | null): string;
  /** A sentence of the product's, with the moments in it as people read them. */
  inText(text: string): string;
}

const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

export function timesIn(zone: string, now: Date): Times {
  const moment = (iso: string, seconds = false) => {
    const [part, year] = [partsOf(new Date(iso), zone), partsOf(now, zone)('year')];
    const day = `${part('day')} ${part('month')}${part('year') === year ? '' : ` ${part('year')}`}`;
    return `${day} ${part('hour')}:${part('minute')}${seconds ? `:${part('second')}` : ''}`;
  };
  const left = (iso: string) => (new Date(iso).getTime() - now.getTime()) / 1000;
  return {
    zone,
    now,
    moment: (iso) => moment(iso),
    exact: (iso) => moment(iso, true),
    until(iso) {
      if (iso === null) return 'for good';
      return left(iso) > 0 ? `in ${rounded(left(iso))} (${moment(iso)})` : `ended ${moment(iso)}`;
    },
    end: (iso) => (iso === null ? 'for good' : `until ${moment(iso)} (${rounded(left(iso))})`),
    inText: (text) => text.replace(ISO, (iso) => moment(iso, true)),
  };
}

/** To the minute: a lease of 8 h is not "7 h 59 min" just because a command took a moment. */
function rounded(seconds: number): string {
  return formatDuration(seconds < 120 ? Math.ceil(seconds) : Math.round(seconds / 60) * 60);
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
