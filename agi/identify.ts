/** "Your account number? — Your PIN? — They do not belong together." */
import type { Traveller } from '../src/domain/doorkeeper';
import { Ending, thirdTime } from './ending';
import { answerTo, meanwhile, type Talk } from './talk';

/** Both are asked before either is judged, and every no sounds alike: a guesser learns nothing. */
export async function identify(talk: Talk): Promise<Traveller> {
  const { line, door, caller } = talk;
  for (const tooOften = thirdTime(); ;) {
    const account = await answerTo(talk, ['ask-account']);
    const pin = await answerTo(talk, ['ask-pin']);
    const traveller = await meanwhile(talk, door.identify(account, pin, caller));
    if (traveller) return traveller;
    line.say('not-recognised');
    if (tooOften()) {
      // For the dialplan alone: the caller hears the same words either way.
      const locked = await meanwhile(talk, door.isLocked(account, caller));
      throw new Ending(locked ? 'locked' : 'refused', ['not-let-in']);
    }
  }
}
