/** Warnings after a change of countries and ranges. */
import type { OutsideShape } from '../domain/country-shapes';
import { lines, say } from './say';
import type { Session } from './session';

export function outsideText(
  { screen }: Session,
  { outside, cutOff, unsure, idle }: OutsideShape,
  dryRun: boolean,
): string {
  const warn = screen.colours.yellow;
  return lines(
    idle === null ? undefined : warn(say`Only who is denied is a stranger: ${idle}.`),
    ...outside.map((who) => warn(say`A stranger by these tables: ${who}`)),
    ...cutOff.map((who) => warn(say`${dryRun ? 'Would be blocked' : 'Blocked'}, because it has registered: ${who}`)),
    unsure === null ? undefined : warn(say`Not certain: ${unsure}`),
    outside.length > 0 ? '  → permit its country or range, or let its address in: tollgate allow ADDRESS' : undefined,
  );
}
