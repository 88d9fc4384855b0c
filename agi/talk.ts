/** What every part of a conversation has at hand: the line, the door, and how long to wait for keys. */
import { HungUp, type Keying } from '../src/domain/call';
import type { Caller, Doorkeeper } from '../src/domain/doorkeeper';
import { Ending, thirdTime } from './ending';
import type { Line, Prompt } from './prompt';

export interface Talk {
  readonly line: Line;
  readonly door: Doorkeeper;
  readonly caller: Caller;
  readonly pace: Pace;
}

/** Seconds between two keys, where the call's own setting does not fit. */
export interface Pace {
  /** He is copying it from a screen. */
  readonly addressKeySeconds: number;
  /** Short, because one key is the answer; longer than a quick hand takes to key a whole address instead. */
  readonly menuKeySeconds: number;
}
export const PACE: Pace = { addressKeySeconds: 8, menuKeySeconds: 1.5 };

/** More keys than any right answer has: the hash key that ends it is always part of it and never of the next one. */
const MOST_KEYS = 20;

/** Asks until there is an answer; an empty one repeats the question, and the third one ends the call. */
export async function answerTo(
  { line }: Talk,
  question: readonly Prompt[],
  keying: Omit<Keying, 'most'> = {},
): Promise<string> {
  for (const tooOften = thirdTime(); ;) {
    const keys = await line.ask(question, { most: MOST_KEYS, ...keying });
    if (keys) return keys;
    if (tooOften()) throw new Ending('unchanged', ['give-up']);
  }
}

/** The door's answer. What was begun is also waited for when the caller hangs up: its outcome is never lost. */
export async function meanwhile<T>({ line }: Talk, work: Promise<T>): Promise<T> {
  try {
    return await line.meanwhile(work);
  } catch (error) {
    if (error instanceof HungUp) return work;
    throw error;
  }
}
