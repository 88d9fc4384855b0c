/** "Hello. — Your account number? — Your PIN? — Which address? — It is open. Goodbye." */
import { CallTooLong, HungUp, type Call } from '../src/domain/call';
import type { Doorkeeper } from '../src/domain/doorkeeper';
import { Ending, farewell, type Result } from './ending';
import { identify } from './identify';
import { menu } from './menu';
import { openAddress } from './open-address';
import type { Line } from './prompt';
import { PACE, type Pace } from './talk';

export type { Result } from './ending';

export interface Options {
  readonly pace?: Pace;
  /** Told why there was no answer; the caller only hears that he should try later. */
  readonly onFailure?: (error: unknown) => void;
}

/** One call, from the greeting to the goodbye. Resolves however it ends: a hang-up and a closed store are results too. */
export async function travelinMan(call: Call, door: Doorkeeper, options: Options = {}): Promise<Result> {
  const caller = { number: call.callerNumber, channel: call.channel };
  const talk = { line: call, door, caller, pace: options.pace ?? PACE };
  try {
    call.say('greeting');
    const traveller = await identify(talk);
    return traveller.open.length > 0 ? await menu(talk, traveller) : await openAddress(talk, traveller);
  } catch (error) {
    return endedBy(error, call, options);
  }
}

async function endedBy(error: unknown, line: Line, { onFailure }: Options): Promise<Result> {
  if (error instanceof HungUp) return 'hungup';
  if (error instanceof Ending) return farewell(line, error.result, error.words);
  if (error instanceof CallTooLong) return farewell(line, 'unchanged', ['time-is-up']);
  onFailure?.(error);
  return farewell(line, 'error', ['try-later']);
}
