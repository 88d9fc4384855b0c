/** Before or after a change of countries and ranges: who talks to this PBX and would be a stranger. */
import { countryText } from '../../domain/country-name';
import type { OutsideShape } from '../../domain/country-shapes';
import type { Countries } from '../../domain/country';
import type { Network } from '../../domain/network';
import { AppError } from '../../errors';
import { protectionOf } from '../doors/protected';
import { locate } from '../located';
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
  const own = parts.ownAddresses().map((address): Talker => ({ who: 'this PBX', address }));
  const outside = new Set<string>();
  const cutOff = new Set<string>();
  for (const { who, address, isPhone } of [...own, ...asked.talkers]) {
    if (!(await isOutside(parts, countries, address))) continue;
    const text = `${who} ${address} (${whereOf(countries, address)})`;
    outside.add(text);
    if (isPhone && (await isCutOff(parts, address))) cutOff.add(text);
  }
  const unsure = asked.unsure.length > 0 ? asked.unsure.join('; ') : null;
  return { outside: [...outside], cutOff: [...cutOff], unsure, idle: countries.idle ?? null };
}

/** As `strangers.catchUp` does it. */
async function isCutOff(parts: CountryParts, address: Network): Promise<boolean> {
  if (parts.rules.countries.registrations !== 'enforce' || (await parts.exempt.why(address)) !== undefined)
    return false;
  return (await protectionOf(parts, address, 'itself')) === undefined;
}

interface Talker {
  readonly who: string;
  readonly address: Network;
  /** It has registered. */
  readonly isPhone?: boolean;
}

async function askPeers(
  parts: Parts,
): Promise<{ readonly talkers: readonly Talker[]; readonly unsure: readonly string[] }> {
  try {
    const { peers, nowhere } = await locate(parts, await parts.phones.peers());
    const talkers = peers.map(({ kind, name, address }): Talker => ({
      who: `${kind} ${name}`,
      address,
      isPhone: kind === 'phone',
    }));
    return {
      talkers,
      unsure: nowhere.map(({ peer: { kind, name }, why }) => `where ${kind} ${name} is: ${why}`),
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { talkers: [], unsure: [`nobody can say which phones and trunks are outside: ${error.what}`] };
  }
}

async function isOutside(parts: Parts, countries: Countries, address: Network): Promise<boolean> {
  return countries.lookup(address).stranger && (await judgementOf(parts, address, countries)).stranger;
}

function whereOf(countries: Countries, address: Network): string {
  const { country } = countries.lookup(address);
  return country === undefined ? 'country unknown' : countryText(country);
}
