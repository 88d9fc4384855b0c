/** Before or after a change of countries and ranges: who talks to this PBX and would be a stranger. */
import { countryText } from '../../domain/country-name';
import type { OutsideShape } from '../../domain/country-shapes';
import type { Countries } from '../../domain/country';
import type { Network } from '../../domain/network';
import type { Peer } from '../../domain/phones';
import { AppError } from '../../errors';
import { protectionOf } from '../doors/protected';
import type { Exempt } from '../strangers/exempt';
import { judgementOf } from './country-desk';
import type { Parts } from '../parts';

/** What judges people by other tables than those in force. */
export interface CountryParts extends Parts {
  readonly exempt: Exempt;
}

/** A warning, never an error: an unknown answer is told as one. */
export async function outsideOf(parts: CountryParts, countries: Countries): Promise<OutsideShape> {
  const asked = await askPeers(parts);
  const own = parts.ownAddresses().map((address) => ({ who: 'this PBX', address, kind: undefined }));
  const peers = asked.peers.flatMap(({ kind, name, address }) =>
    address === undefined ? [] : [{ who: `${kind} ${name}`, address, kind }],
  );
  const outside = new Set<string>();
  const cutOff = new Set<string>();
  for (const { who, address, kind } of [...own, ...peers]) {
    if (!(await isOutside(parts, countries, address))) continue;
    const text = `${who} ${address} (${whereOf(countries, address)})`;
    outside.add(text);
    if (kind === 'phone' && (await isCutOff(parts, address))) cutOff.add(text);
  }
  const nameless = asked.peers
    .filter(({ address }) => address === undefined)
    .map(({ kind, name }) => `${kind} ${name}`);
  const unsure = asked.why ?? (nameless.length > 0 ? `Asterisk tells no address of ${nameless.join(', ')}` : null);
  return { outside: [...outside], cutOff: [...cutOff], unsure, idle: countries.idle ?? null };
}

/** As `strangers.catchUp` does it. */
async function isCutOff(parts: CountryParts, address: Network): Promise<boolean> {
  if (parts.rules.countries.registrations !== 'enforce' || (await parts.exempt.why(address)) !== undefined)
    return false;
  return (await protectionOf(parts, address, 'itself')) === undefined;
}

async function askPeers({ phones }: Parts): Promise<{ readonly peers: readonly Peer[]; readonly why?: string }> {
  try {
    return { peers: await phones.peers() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { peers: [], why: `nobody can say which phones and trunks are outside: ${error.what}` };
  }
}

async function isOutside(parts: Parts, countries: Countries, address: Network): Promise<boolean> {
  return countries.lookup(address).stranger && (await judgementOf(parts, address, countries)).stranger;
}

function whereOf(countries: Countries, address: Network): string {
  const { country } = countries.lookup(address);
  return country === undefined ? 'country unknown' : countryText(country);
}
