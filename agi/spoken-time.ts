/** How long something stays open, rounded as a person would say it: "for the next three days". */
import type { Until } from '../src/domain/entry';
import type { Prompt } from './prompt';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function spokenUntil(until: Until, now: Date): Prompt[] {
  if (until === 'forever') return ['without-end'];
  return ['for-the-next', ...spokenDuration((until.getTime() - now.getTime()) / 1000)];
}

/**
 * Rounded down, because nobody minds a door that stays open longer than was said. What is missing to the next step by
 * next to nothing counts as there: a lease of three days is not "two and a half days" a second later.
 */
export function spokenDuration(seconds: number): Prompt[] {
  const [, step, unit, speak] = SCALE.find(([from, step]) => seconds + nothing(step) >= from) ?? LEAST;
  return speak(Math.max(1, Math.floor((seconds + nothing(step)) / step)) * (step / unit));
}

function nothing(step: number): number {
  return Math.min(step / 20, 10 * MINUTE);
}

type Step = readonly [from: number, step: number, unit: number, speak: (amount: number) => Prompt[]];
const minutes = (amount: number): Prompt[] => [...spokenNumber(amount), amount === 1 ? 'minute' : 'minutes'];
const hours = (amount: number): Prompt[] => withHalf(amount, 'hour', 'hours', 'and-a-half-hours');
const days = (amount: number): Prompt[] => withHalf(amount, 'day', 'days', 'and-a-half-days');
const LEAST: Step = [0, MINUTE, MINUTE, minutes];
const SCALE: readonly Step[] = [
  [5 * DAY, DAY, DAY, days],
  [2 * DAY, DAY / 2, DAY, days],
  [25 * HOUR, HOUR, HOUR, hours],
  [24 * HOUR, DAY, DAY, days],
  [5 * HOUR, HOUR, HOUR, hours],
  [HOUR, HOUR / 2, HOUR, hours],
  [10 * MINUTE, 5 * MINUTE, MINUTE, minutes],
];

function withHalf(amount: number, one: Prompt, many: Prompt, half: Prompt): Prompt[] {
  const whole = Math.floor(amount);
  return [...spokenNumber(whole), whole < amount ? half : whole === 1 ? one : many];
}

/** 1 to 999; more is said as 999. */
export function spokenNumber(amount: number): Prompt[] {
  const shown = Math.min(amount, 999);
  if (shown >= 100) {
    const rest = shown % 100;
    return [digit(Math.floor(shown / 100)), 'digits/hundred', ...(rest > 0 ? spokenNumber(rest) : [])];
  }
  if (shown <= 20) return [digit(shown)];
  return [digit(shown - (shown % 10)), ...(shown % 10 > 0 ? [digit(shown % 10)] : [])];
}

/** Numbers that have a recording of their own: up to twenty, and the tens. */
function digit(amount: number): Prompt {
  return `digits/${amount}` as Prompt;
}
