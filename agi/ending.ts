/** How a call can end. */
import { HungUp } from '../src/domain/call';
import type { Line, Prompt } from './prompt';

/** What the dialplan finds in `TOLLGATE_RESULT`. */
export type Result = 'opened' | 'closed' | 'unchanged' | 'refused' | 'locked' | 'hungup' | 'error';

/** Ends the conversation from wherever it stands, with these words. */
export class Ending extends Error {
  override readonly name = 'Ending';
  constructor(
    readonly result: Result,
    readonly words: readonly Prompt[],
  ) {
    super(`The call ends: ${result}`);
  }
}

/** The last words. Whoever hangs up during them has missed nothing but words. */
export async function farewell(line: Line, result: Result, words: readonly Prompt[]): Promise<Result> {
  try {
    line.say(...words, 'goodbye');
    await line.finish();
  } catch (error) {
    if (!(error instanceof HungUp)) throw error;
  }
  return result;
}

/** True from the third time on that it is asked: three failures of a kind end a call. */
export function thirdTime(): () => boolean {
  let failures = 0;
  return () => ++failures >= 3;
}
