/** Whom no country makes a stranger: this PBX, exceptions of the settings, open entries, and Asterisk's trunks. */
import { covers, type Network } from '../../domain/network';
import { judgementOf } from '../countries/country-desk';
import { exceptions } from './exceptions';
import { knownTrunks } from './known-trunks';
import type { Parts } from '../parts';

export interface Exempt {
  /** Why it is, as a part of a sentence; undefined: it is not. Rejects with STORE_FAILED. */
  why(address: Network): Promise<string | undefined>;
  /** Is it one of Asterisk's trunks? Never rejects. */
  isTrunk(address: Network): Promise<boolean>;
  /** Looks up names whose time has come; called every second or so. Never rejects; resolves to whether there is news. */
  look(): Promise<boolean>;
}

export function openExempt(parts: Parts): Exempt {
  const listed = exceptions(parts);
  const trunks = knownTrunks(parts);
  return {
    async why(address) {
      if (parts.ownAddresses().some((own) => covers(own, address))) return "this machine's own address";
      if (await listed.cover(address)) return 'an exception of the settings';
      const { entry } = await judgementOf(parts, address);
      if (entry) return `open by entry ${entry.id}`;
      return (await trunks.know(address)) ? 'a trunk that Asterisk knows' : undefined;
    },
    isTrunk: (address) => trunks.know(address),
    look: async () => (await Promise.all([listed.look(), trunks.look()])).includes(true),
  };
}
