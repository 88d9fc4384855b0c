import { isOwn, wordsOf, type Prompt } from '../../agi/prompt';
import { spokenAddress } from '../../agi/spoken-address';
import { spokenServices } from '../../agi/spoken-services';
import { spokenDuration, spokenNumber, spokenUntil } from '../../agi/spoken-time';
import type { Network } from '../../src/domain/network';

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
const heard = (prompts: readonly Prompt[]) => prompts.map((prompt) => wordsOf(prompt, 'en')).join(' ');

const durations: [seconds: number, words: string][] = [
  [-5, 'one minute'],
  [0, 'one minute'],
  [50, 'one minute'],
  [90, 'one minute'],
  [119, 'two minutes'],
  [9 * MINUTE, 'nine minutes'],
  [10 * MINUTE - 1, 'ten minutes'],
  [14 * MINUTE, 'ten minutes'],
  [44 * MINUTE, 'forty minutes'],
  [59 * MINUTE, 'one hour'],
  [HOUR, 'one hour'],
  [80 * MINUTE, 'one hour'],
  [90 * MINUTE, 'one and a half hours'],
  [8 * HOUR - 1, 'eight hours'],
  [7.5 * HOUR, 'seven hours'],
  [2.5 * HOUR, 'two and a half hours'],
  [23 * HOUR, 'twenty three hours'],
  [DAY - 1, 'one day'],
  [DAY, 'one day'],
  [30 * HOUR, 'thirty hours'],
  [46 * HOUR, 'forty six hours'],
  [2 * DAY - 60, 'two days'],
  [71 * HOUR + 59 * MINUTE, 'three days'],
  [3 * DAY - 2 * HOUR, 'two and a half days'],
  [7 * DAY, 'seven days'],
  [14.5 * DAY, 'fourteen days'],
  [30 * DAY - 1, 'thirty days'],
  [30 * DAY - 2 * HOUR, 'twenty nine days'],
  [365 * DAY, 'three hundred sixty five days'],
];

describe('how long, as a person says it', () => {
  for (const [seconds, words] of durations) {
    it(`${seconds} seconds is ${words}`, () => expect(heard(spokenDuration(seconds))).toBe(words));
  }

  it('never promises much more than there is, nor hides much of it', () => {
    for (let seconds = 10 * MINUTE; seconds < 40 * DAY; seconds = Math.ceil(seconds * 1.01)) {
      const said = secondsIn(heard(spokenDuration(seconds)));
      expect(said).toBeLessThanOrEqual(seconds * 1.03);
      expect(said).toBeGreaterThan(seconds * 0.66);
    }
  });

  it('has a recording for every number', () => {
    for (let amount = 1; amount < 1000; amount++) {
      for (const prompt of spokenNumber(amount)) expect([amount, wordsOf(prompt, 'en')]).not.toContain(undefined);
    }
  });

  it('an end for good has no number', () => expect(heard(spokenUntil('forever', new Date()))).toBe('without an end'));
});

describe('an address', () => {
  it('is read digit by digit, with a pause after each dot', () => {
    expect(spokenAddress('12.0.5.78' as Network)).toEqual([
      ...['digits/1', 'digits/2', 'letters/dot', 'pause', 'digits/0', 'letters/dot', 'pause'],
      ...['digits/5', 'letters/dot', 'pause', 'digits/7', 'digits/8'],
    ]);
  });
  it('can be an IPv6 network, which an admin may have opened', () => {
    expect(heard(spokenAddress('2001:db8::/64' as Network)).replaceAll(/ +/g, ' ')).toBe(
      'two zero zero one colon d b eight colon colon slash six four',
    );
  });
});

const services: [services: string[], words: string][] = [
  [[], ''],
  [['phone'], 'You can use your phone'],
  [['phone', 'web'], 'You can use your phone and the web pages'],
  [['phone', 'web', 'ssh'], 'You can use your phone the web pages and the remote log in'],
  [['intercom', 'doorbell'], 'You can use what your administrator has set up for you'],
  [['all'], 'You can use everything'],
];
describe('services', () => {
  for (const [names, words] of services)
    it(`${names.join(' ')}: ${words}`, () => expect(heard(spokenServices(names))).toBe(words));
});

describe('a prompt', () => {
  it('has English words where a language has none', () => {
    expect(wordsOf('goodbye', 'xx')).toBe('Goodbye.');
    expect(wordsOf('letters/dot', 'xx')).toBe('dot');
    expect(wordsOf('pause', 'xx')).toBe('');
    expect(wordsOf('nonsense', 'en')).toBeUndefined();
    expect(wordsOf('constructor', 'en')).toBeUndefined();
  });
  it('is ours or comes with Asterisk', () => {
    expect(isOwn('goodbye')).toBe(true);
    expect(isOwn('pause')).toBe(true);
    expect(isOwn('letters/dot')).toBe(false);
    expect(isOwn('constructor')).toBe(false);
  });
});

const UNITS: Readonly<Record<string, number>> = { minute: MINUTE, hour: HOUR, day: DAY };
const NUMBERS = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [heard(spokenNumber(i + 1)), i + 1] as const));
function secondsIn(words: string): number {
  const [, number = '', half, unit = ''] = /^(.*?)( and a half)? (minute|hour|day)s?$/.exec(words) ?? [];
  return ((NUMBERS[number] ?? NaN) + (half ? 0.5 : 0)) * (UNITS[unit] ?? NaN);
}
