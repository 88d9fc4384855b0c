import { readMoment, readSince } from '../../src/cli/moment';
import { AppError } from '../../src/errors';

const BERLIN = 'Europe/Berlin';

/** What is typed, where, and the moment when the door closes. */
const good: readonly (readonly [typed: string, zone: string, moment: string])[] = [
  ['2026-12-24 18:00', BERLIN, '2026-12-24T17:00:00.000Z'],
  ['2026-12-24T18:00', BERLIN, '2026-12-24T17:00:00.000Z'],
  ['2026-12-24 18:00:30', BERLIN, '2026-12-24T17:00:30.000Z'],
  ['2026-07-01 18:00', BERLIN, '2026-07-01T16:00:00.000Z'],
  ['2026-12-24', BERLIN, '2026-12-24T23:00:00.000Z'],
  ['2026-12-31', 'UTC', '2027-01-01T00:00:00.000Z'],
  ['2026-12-24T18:00:00Z', BERLIN, '2026-12-24T18:00:00.000Z'],
  ['2026-12-24T18:00+05:30', BERLIN, '2026-12-24T12:30:00.000Z'],
  ['2026-12-24T18:00:00.250Z', BERLIN, '2026-12-24T18:00:00.250Z'],
  ['2026-12-24 18:00', 'Asia/Kolkata', '2026-12-24T12:30:00.000Z'],
  ['2026-12-24 18:00', 'America/New_York', '2026-12-24T23:00:00.000Z'],
  ['2026-03-29 01:59', BERLIN, '2026-03-29T00:59:00.000Z'],
  ['2026-03-29 03:00', BERLIN, '2026-03-29T01:00:00.000Z'],
  ['2026-10-25 03:00', BERLIN, '2026-10-25T02:00:00.000Z'],
  ['2028-02-29', 'UTC', '2028-03-01T00:00:00.000Z'],
];
it.each(good)('--until "%s" in %s is %s', (typed, zone, moment) => {
  expect(readMoment(typed, zone, 'end').toISOString()).toBe(moment);
});

it.each([
  ...['', 'soon', '2026-02-30', '2026-13-01', '2027-02-29', '2026-12-24 25:00', '2026-12-24 18:60', '24.12.2026'],
  ...['2026-12-24T18:00+99:00', '2026-12-24 18', '20261224', '2026-12-24 18:00 Europe/Berlin', '1'],
])('"%s" is no date, and what to write is told', (typed) => {
  expect(() => readMoment(typed, BERLIN, 'end')).toThrow(AppError);
  expect(() => readMoment(typed, BERLIN, 'end')).toThrow(/write 2026-12-24/);
});

it.each([
  ['90m', '2026-11-22T08:30:00.000Z'],
  ['2d', '2026-11-20T10:00:00.000Z'],
  ['2w', '2026-11-08T10:00:00.000Z'],
  ['2026-11-22', '2026-11-21T23:00:00.000Z'],
  ['2026-11-22 08:00', '2026-11-22T07:00:00.000Z'],
])('--since "%s" is from %s on', (typed, moment) => {
  expect(readSince(typed, BERLIN, new Date('2026-11-22T10:00:00Z')).toISOString()).toBe(moment);
});
