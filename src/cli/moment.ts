/** Reads dates as people type them. */
import { parseDuration } from '../domain/duration';
import { AppError } from '../errors';

const HINT = 'write 2026-12-24, "2026-12-24 18:00" or 2026-12-24T18:00:00Z';
const DAY_MS = 86_400_000;

/**
 * A moment from `2026-12-24T18:00:00+01:00`, or from `2026-12-24 18:00` and `2026-12-24` in `timeZone`; a day alone is
 * its end (`until` that day includes it) or its start. Throws MISUSED.
 */
export function readMoment(text: string, timeZone: string, ofDay: 'start' | 'end'): Date {
  const [, date, clock = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text.trim()) ?? [];
  const wall = date === undefined ? NaN : Date.parse(`${date}T${clock || '00:00'}Z`);
  // 30 February would silently be 2 March
  if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== date) {
    throw new AppError('MISUSED', `"${text}" is no date`, HINT);
  }
  if (zone !== '') {
    const moment = new Date(`${date}T${clock}${zone.toUpperCase()}`);
    if (!Number.isNaN(moment.getTime())) return moment;
    throw new AppError('MISUSED', `"${text}" has no such time zone`, HINT);
  }
  return inZone(clock === '' && ofDay === 'end' ? wall + DAY_MS : wall, timeZone);
}

/** A moment in the past, `2h` ago or at a date. */
export function readSince(text: string, timeZone: string, now: Date): Date {
  const seconds = parseDuration(text);
  return seconds === undefined ? readMoment(text, timeZone, 'start') : new Date(now.getTime() - seconds * 1000);
}

/** The moment at which the wall clock of `timeZone` shows `wall` (written as if in UTC). Twice a year one hour off is possible. */
function inZone(wall: number, timeZone: string): Date {
  const guess = wall - offsetAt(wall, timeZone);
  return new Date(wall - offsetAt(guess, timeZone));
}

/** How far the zone's clock is ahead of UTC at a moment, in ms. */
function offsetAt(moment: number, timeZone: string): number {
  const digits = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, ...digits, second: 'numeric', hourCycle: 'h23' });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return shown - Math.floor(moment / 1000) * 1000;
}
