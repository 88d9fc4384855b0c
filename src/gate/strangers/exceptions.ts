/** Far ends whose calls are never a stranger's, by the settings: networks, and names as DNS tells them. */
import { covers, type Network } from '../../domain/network';
import type { Parts } from '../parts';

export interface Exceptions {
  covers(address: Network): boolean;
  /** Looks up the names whose time has come; called every second or so. Never rejects. */
  look(): Promise<void>;
}

interface Known {
  itself: readonly Network[];
  /** Where its SRV records lead. */
  services: readonly Network[];
  nextAt: number;
}

/** The last good answer stays: a name server that is away makes nobody a stranger. */
export function exceptions({ rules, resolve, clock, log }: Parts): Exceptions {
  const { networks, names } = rules.countries.exceptions;
  const { leastSeconds, mostSeconds } = rules.names;
  const known = new Map<string, Known>(names.map((name) => [name, { itself: [], services: [], nextAt: -Infinity }]));
  const lookUp = async (name: string, entry: Known) => {
    const [itself, services] = await Promise.all([resolve(name, 'itself'), resolve(name, 'services')]);
    if (itself.kind === 'found') entry.itself = itself.addresses;
    if (services.kind === 'found') entry.services = services.addresses;
    const found = [itself, services].flatMap((each) => (each.kind === 'found' ? [each] : []));
    if (found.length === 0) log('exception-not-looked-up', { name, outcome: itself.kind });
    const ttl = Math.min(mostSeconds, ...found.map(({ ttlSeconds }) => ttlSeconds));
    entry.nextAt = clock.now().getTime() + Math.max(leastSeconds, ttl) * 1000;
  };
  return {
    covers: (address) =>
      networks.some((network) => covers(network, address)) ||
      [...known.values()].some(({ itself, services }) => [...itself, ...services].includes(address)),
    async look() {
      const now = clock.now().getTime();
      const due = [...known].filter(([, { nextAt }]) => nextAt <= now);
      await Promise.all(due.map(([name, entry]) => lookUp(name, entry)));
    },
  };
}
