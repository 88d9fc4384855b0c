/** The trunks that Asterisk is set up with: every address, network and name that its settings call theirs. */
import { farEndsOf, setByHand } from '../../domain/far-ends';
import { parseNetwork, touches, type Network } from '../../domain/network';
import { lookedUp } from '../names/looked-up';
import type { Parts } from '../parts';

export interface KnownTrunks {
  /** Asks Asterisk first when what it said is half a minute old. Never rejects: without Asterisk the last word holds. */
  know(address: Network): Promise<boolean>;
  /** Looks up the names whose time has come; called every second or so. Never rejects; resolves to whether there is news. */
  look(): Promise<boolean>;
}

const STALE_MS = 30_000;

export function knownTrunks(parts: Parts): KnownTrunks {
  const { phones, clock, log } = parts;
  const names = lookedUp(parts);
  let networks: readonly Network[] = [];
  let hosts: readonly string[] = [];
  let nextAt = -Infinity;
  let asking: Promise<void> | undefined;
  const ask = async () => {
    try {
      const { found } = farEndsOf(setByHand((await phones.known()).mentions));
      networks = found.flatMap(({ what }) => parseNetwork(what) ?? []);
      hosts = found.map(({ what }) => what).filter((what) => parseNetwork(what) === undefined);
      await names.look(hosts);
    } catch (error) {
      log('trunks not told', { why: error instanceof Error ? error.message : String(error) });
    }
    nextAt = clock.now().getTime() + STALE_MS;
  };
  return {
    async know(address) {
      if (clock.now().getTime() >= nextAt) {
        asking ??= ask().finally(() => (asking = undefined));
        await asking;
      }
      const theirs = [...networks, ...hosts.flatMap((host) => names.addressesOf(host))];
      return theirs.some((network) => touches(network, address));
    },
    look: () => names.look(hosts),
  };
}
