/** Before or after a change of countries and ranges: who talks to this PBX and would be a stranger. */
import { countryText } from '../../domain/country-name';
import type { OutsideShape } from '../../domain/country-shapes';
import type { Countries } from '../../domain/country';
import type { Network } from '../../domain/network';
import type { Peer } from '../../domain/phones';
import { AppError } from '../../errors';
import { judgementOf } from './country-desk';
import type { Parts } from '../parts';

/** A warning, never an error: an unknown answer is told as one. */
export async function outsideOf(parts: Parts, countries: Countries): Promise<OutsideShape> {
  const asked = await askPeers(parts);
  const own = parts.ownAddresses().map((address) => ({ who: 'this PBX', address }));
  const peers = asked.peers.flatMap(({ kind, name, address }) =>
    address === undefined ? [] : [{ who: `${kind} ${name}`, address }],
  );
  const outside: string[] = [];
  for (const { who, address } of [...own, ...peers]) {
    if (await isOutside(parts, countries, address)) outside.push(`${who} ${address} (${whereOf(countries, address)})`);
  }
  const nameless = asked.peers
    .filter(({ address }) => address === undefined)
    .map(({ kind, name }) => `${kind} ${name}`);
  const unsure = asked.why ?? (nameless.length > 0 ? `Asterisk tells no address of ${nameless.join(', ')}` : null);
  return { outside: [...new Set(outside)], unsure, idle: countries.idle ?? null };
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
