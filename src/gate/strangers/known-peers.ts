/** The addresses of the trunks that Asterisk knows: what it is set to call, whoever has registered. */
import type { Network } from '../../domain/network';
import type { Parts } from '../parts';

export interface KnownPeers {
  /** Asks Asterisk first when what it said is half a minute old. Never rejects: without Asterisk the last word holds. */
  knows(address: Network): Promise<boolean>;
}

const STALE_MS = 30_000;

export function knownPeers({ phones, clock, log }: Pick<Parts, 'phones' | 'clock' | 'log'>): KnownPeers {
  let addresses: ReadonlySet<Network> = new Set();
  let nextAt = -Infinity;
  let asking: Promise<void> | undefined;
  const ask = async () => {
    try {
      const peers = await phones.peers();
      addresses = new Set(peers.flatMap(({ kind, address }) => (kind === 'trunk' ? (address ?? []) : [])));
    } catch (error) {
      log('peers not told', { why: error instanceof Error ? error.message : String(error) });
    }
    nextAt = clock.now().getTime() + STALE_MS;
  };
  return {
    async knows(address) {
      if (clock.now().getTime() >= nextAt) {
        asking ??= ask().finally(() => (asking = undefined));
        await asking;
      }
      return addresses.has(address);
    },
  };
}
