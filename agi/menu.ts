/** "To open another address, press one. To hear what is open, press two. …" */
import { looksLikeAddress, readDialledAddress } from '../src/domain/dialled-address';
import type { Traveller } from '../src/domain/doorkeeper';
import { later, type Entry, type Until } from '../src/domain/entry';
import { Ending, farewell, thirdTime, type Result } from './ending';
import { openAddress } from './open-address';
import type { Prompt } from './prompt';
import { spokenAddress } from './spoken-address';
import { spokenServices } from './spoken-services';
import { spokenUntil } from './spoken-time';
import { answerTo, meanwhile, type Talk } from './talk';

/** For whoever has something open. An address that is keyed here is another one to open. */
export async function menu(talk: Talk, traveller: Traveller): Promise<Result> {
  const { line, door, pace } = talk;
  for (const tooOften = thirdTime(); ;) {
    const keys = await answerTo(talk, ['menu'], { betweenSeconds: pace.menuKeySeconds, shown: true });
    switch (keys) {
      case '1':
        return openAddress(talk, traveller);
      case '2':
        line.say(...told(await meanwhile(talk, door.openNow(traveller)), door.now()));
        break;
      case '3':
        return closeAll(talk, traveller);
      case '4':
        return keepLonger(talk, traveller);
      default:
        if (looksLikeAddress(keys)) return openAddress(talk, traveller, withoutChoice(keys));
        line.say('not-a-choice');
        if (tooOften()) throw new Ending('unchanged', ['give-up']);
    }
  }
}

/** A quick hand keys the one for "another address" and the address in one go: `1` and `203*0*113*7`. */
function withoutChoice(keys: string): string {
  return !readDialledAddress(keys) && keys.startsWith('1') && readDialledAddress(keys.slice(1)) ? keys.slice(1) : keys;
}

function told(open: readonly Entry[], now: Date): Prompt[] {
  if (open.length === 0) return ['nothing-open'];
  return open.flatMap(({ network, services, until }) => [
    ...spokenAddress(network),
    'is-open' as const,
    ...spokenServices(services),
    ...spokenUntil(until, now),
  ]);
}

async function closeAll(talk: Talk, traveller: Traveller): Promise<Result> {
  const closed = await meanwhile(talk, talk.door.closeAll(traveller, talk.caller));
  if (closed.length === 0) return farewell(talk.line, 'unchanged', ['nothing-open']);
  return farewell(talk.line, 'closed', ['all-closed', 'mail-confirms']);
}

async function keepLonger(talk: Talk, traveller: Traveller): Promise<Result> {
  const kept = await meanwhile(talk, talk.door.renewAll(traveller, talk.caller));
  const [first, ...others] = kept.map(({ until }) => until);
  if (first === undefined) return farewell(talk.line, 'unchanged', ['nothing-open']);
  const soonest = others.reduce(earlier, first);
  return farewell(talk.line, 'opened', ['kept-longer', ...spokenUntil(soonest, talk.door.now()), 'mail-confirms']);
}

function earlier(a: Until, b: Until): Until {
  return later(a, b) === a ? b : a;
}
