/** What is known of an address besides our own rules. */
import { countryText } from '../../domain/country-name';
import type { LegacyTables } from '../../domain/firewall';
import { familyOf, type Network } from '../../domain/network';
import type { Reason } from '../../domain/shapes';
import { judgementOf } from '../countries/country-desk';
import { because } from './explain-steps';
import type { Parts } from '../parts';
import { protectionOf } from '../doors/protected';

/** Who else may drop it, whether it is protected, who was heard from there, and what country it is in. */
export async function aroundOf(parts: Parts, address: Network, legacy?: LegacyTables): Promise<Reason[]> {
  const found = await parts.firewall.neighbours([], legacy);
  const neighbours = found.filter(({ family }) => family === familyOf(address));
  const others = neighbours.map(({ text }) =>
    because('another chain', text, { hint: 'what we accept it may still drop: look there as well' }),
  );
  const protection = await protectionOf(parts, address, 'itself');
  const safe = protection ? [because('protected', `It is never blocked by itself: it is ${protection.why}.`)] : [];
  const since = new Date(parts.clock.now().getTime() - DAY_MS);
  const heard = (await parts.store.heardSince(since)).filter((peer) => peer.address === address);
  const peers = heard.map(({ kind, name }) =>
    because('heard', `Asterisk heard ${kind} ${name} from there in the last day.`),
  );
  return [...others, ...safe, ...peers, ...(await countryReasons(parts, address))];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Of calls and registrations: told where its country makes it a stranger. Over packets it decides where a service says so. */
async function countryReasons(parts: Parts, address: Network): Promise<Reason[]> {
  const { origin, entry } = await judgementOf(parts, address);
  if (!origin.stranger) return [];
  const { countries } = parts.rules;
  const where = origin.country === undefined ? 'its country is not known' : countryText(origin.country);
  const why = origin.deny ? 'it is denied' : 'it is not permitted';
  const wins = entry ? `, but entry ${entry.id} lets it in` : '';
  const force = `calls: ${countries.calls}, registrations: ${countries.registrations}`;
  const hint = entry ? undefined : 'tollgate country permit, or tollgate range permit';
  return [because('country', `A stranger: ${where}, ${why}${wins} (${force}).`, { hint })];
}
