/** Values as columns hold them, and back. Libraries speak null for "absent"; here alone it is turned into undefined. */
import type { Until } from '../domain/entry';

/** Throws RangeError for an invalid date: NaN would be stored as null, which means "for good". */
export function toColumn(date: Date): number {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError('An invalid date cannot be stored');
  return ms;
}

export function optionalDate(column: number | null): Date | undefined {
  return column === null ? undefined : new Date(column);
}

export function untilColumn(until: Until): number | null {
  return until === 'forever' ? null : toColumn(until);
}

export function readUntil(column: number | null): Until {
  return column === null ? 'forever' : new Date(column);
}

/** Only this program writes list columns. */
export function readList(column: string): readonly string[] {
  return JSON.parse(column) as readonly string[];
}
