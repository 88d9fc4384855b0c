/** "It is open now. You can use your phone for the next three days. Goodbye." */
import type { Opened, Traveller } from '../src/domain/doorkeeper';
import { askAddress } from './ask-address';
import { farewell, type Result } from './ending';
import type { Prompt } from './prompt';
import { spokenServices } from './spoken-services';
import { spokenUntil } from './spoken-time';
import { meanwhile, type Talk } from './talk';

/** `keyed`: the address was keyed already. From the confirming key on the door is opened whatever the line does. */
export async function openAddress(talk: Talk, traveller: Traveller, keyed?: string): Promise<Result> {
  const address = await askAddress(talk, keyed);
  const opened = await meanwhile(talk, talk.door.open(traveller, address, talk.caller));
  return farewell(talk.line, 'opened', told(opened, talk.door.now()));
}

function told({ entry, renewed, closed }: Opened, now: Date): Prompt[] {
  return [
    renewed ? 'renewed' : 'opened',
    ...spokenServices(entry.services),
    ...spokenUntil(entry.until, now),
    ...(closed.length === 0 ? [] : [closed.length === 1 ? ('closed-oldest' as const) : ('closed-older' as const)]),
    'mail-confirms',
  ];
}
