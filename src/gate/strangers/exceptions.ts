/** Far ends whose calls are never a stranger's, by the settings: networks, and names as DNS tells them. */
import { covers, type Network } from '../../domain/network';
import type { Parts } from '../parts';

export interface Exceptions {
  covers(address: Network): boolean;
  /** Looks up the names whose time has come; called every second or so. Never rejects. */
  look(): Promise<void>;
}

interface Known {
  addresses: readonly Network[];
  nextAt: number;
}

/** The last good answer stays: a name server that is away makes nobody a stranger. */
export function exceptions({ rules, resolve, clock, log }: Parts): Exceptions {
  const { networks, names } = rules.countries.exceptions;
  const { leastSeconds, mostSeconds } = rules.names;
  const known = new Map<string, Known>(names.map((name) => [name, { addresses: [], nextAt: -Infinity }]));
  const lookUp = async (name: string, entry: Known) => {
    const found = await resolve(name, { services: true });
    if (found.kind === 'found') entry.addresses = found.addresses;
    else log('exception-not-looked-up', { name, outcome: found.kind });
    const ttl = found.kind === 'found' ? found.ttlSeconds : mostSeconds;
    entry.nextAt = clock.now().getTime() + Math.min(mostSeconds, Math.max(leastSeconds, ttl)) * 1000;
  };
  return {
    covers: (address) =>
      networks.some((network) => covers(network, address)) ||
      [...known.values()].some(({ addresses }) => addresses.includes(address)),
    async look() {
      const now = clock.now().getTime();
      const due = [...known].filter(([, { nextAt }]) => nextAt <= now);
      await Promise.all(due.map(([name, entry]) => lookUp(name, entry)));
    },
  };
}
