import { formatDuration, parseDuration } from '../../src/domain/duration';

it.each([
  ['90m', 5400],
  ['8h', 28_800],
  ['3d', 259_200],
  ['2w', 1_209_600],
  ['45s', 45],
  [' 8 H ', 28_800],
])('%j is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

it.each(['', '8', 'h', '0h', '-1h', '1.5h', '8h30m', '8 hours', '99999999d'])('%j is no duration', (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

it.each([
  [0, '0 s'],
  [12, '12 s'],
  [3599, '59 min 59 s'],
  [3600, '1 h'],
  [90_000, '1 d 1 h'],
  [259_199, '2 d 23 h'],
  [86_460, '1 d'],
])('%d seconds are shown as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
