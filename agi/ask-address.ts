/** "The address? — You have entered 12 dot 34 dot 56 dot 78. To open it, press one." */
import { readDialledAddress } from '../src/domain/dialled-address';
import type { Reason, Refusal } from '../src/domain/doorkeeper';
import type { Network } from '../src/domain/network';
import { Ending, thirdTime } from './ending';
import { misdialled } from './misdialled';
import type { Prompt } from './prompt';
import { spokenAddress, spokenCountry } from './spoken-address';
import { answerTo, meanwhile, type Talk } from './talk';

/** Resolves to an address that the caller has confirmed. `keyed`: he has keyed it already, at another question. */
export async function askAddress(talk: Talk, keyed?: string): Promise<Network> {
  const misdialledTooOften = thirdTime();
  const refusedTooOften = thirdTime();
  let misdialledBefore = false;
  for (let keys = keyed; ; keys = undefined) {
    keys ??= await answerTo(talk, ['ask-address'], { betweenSeconds: talk.pace.addressKeySeconds, shown: true });
    const address = readDialledAddress(keys);
    if (!address) {
      talk.line.say(misdialled(keys));
      if (misdialledTooOften()) throw new Ending('refused', ['give-up']);
      if (misdialledBefore) talk.line.say('address-example');
      misdialledBefore = true;
      continue;
    }
    const refusal = await meanwhile(talk, talk.door.refusalOf(address));
    if (refusal) {
      talk.line.say(...refusedBecause(refusal));
      if (refusedTooOften()) throw new Ending('refused', ['give-up']);
    } else if ((await confirmed(talk, address)) === 'yes') return address;
  }
}

/** Anything but one and two, and silence too, repeats the read-back once and then ends without opening. */
async function confirmed({ line }: Talk, address: Network): Promise<'yes' | 'again'> {
  for (let times = 0; times < 2; times++) {
    const key = await line.ask(['you-entered', ...spokenAddress(address), 'confirm'], { most: 1, shown: true });
    if (key === '1') return 'yes';
    if (key === '2') return 'again';
  }
  throw new Ending('unchanged', ['nothing-opened']);
}

/** The country first: whoever hears it understands what "from there" means, and that his address may be another's. */
function refusedBecause({ reason, country }: Refusal): Prompt[] {
  const told = country === undefined ? [] : (['country-is', ...spokenCountry(country), 'pause'] as const);
  return [...told, REFUSED[reason]];
}

const REFUSED: Readonly<Record<Reason, Prompt>> = {
  private: 'refused-private',
  loopback: 'refused-loopback',
  'link-local': 'refused-link-local',
  shared: 'refused-shared',
  multicast: 'refused-multicast',
  broadcast: 'refused-broadcast',
  documentation: 'refused-documentation',
  reserved: 'refused-reserved',
  own: 'refused-own',
  blocked: 'refused-blocked',
  denied: 'refused-denied',
};
