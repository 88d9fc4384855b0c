/** Whom no country makes a stranger: this PBX, exceptions of the settings, open entries, and Asterisk's trunks. */
import { covers, type Network } from '../../domain/network';
import { judgementOf } from '../countries/country-desk';
import type { Exceptions } from './exceptions';
import { knownPeers } from './known-peers';
import type { Parts } from '../parts';

/** Resolves to why it is exempt, as a part of a sentence; undefined: it is not. Rejects with STORE_FAILED. */
export type Exempt = (address: Network) => Promise<string | undefined>;

export function exemptOf(parts: Parts, listed: Exceptions): Exempt {
  const peers = knownPeers(parts);
  return async (address) => {
    if (parts.ownAddresses().some((own) => covers(own, address))) return "this machine's own address";
    if (listed.covers(address)) return 'an exception of the settings';
    const { entry } = await judgementOf(parts, address);
    if (entry) return `open by entry ${entry.id}`;
    return (await peers.knows(address)) ? 'a trunk that Asterisk knows' : undefined;
  };
}
