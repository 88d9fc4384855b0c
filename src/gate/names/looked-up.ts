/** What DNS says of names that stand for far ends: the last good answer stays, whatever becomes of the name server. */
import type { Side } from '../../domain/names';
import { familyOf, type Network } from '../../domain/network';
import type { Parts } from '../parts';

export interface LookedUp {
  /** As it was told last, where its SRV records lead included; none: never yet. Costs nothing. */
  addressesOf(name: string): readonly Network[];
  /** Looks up those of these names whose time has come. Never rejects; resolves to whether an answer is a new one. */
  look(names: readonly string[]): Promise<boolean>;
}

interface Known {
  addresses: readonly Network[];
  nextAt: number;
  /** Under way. */
  looking?: Promise<boolean>;
}
type Sides = Readonly<Record<Side, Known>>;

export function lookedUp({ rules, resolve, clock, log }: Pick<Parts, 'rules' | 'resolve' | 'clock' | 'log'>): LookedUp {
  const { leastSeconds, mostSeconds } = rules.names;
  const known = new Map<string, Sides>();
  const ask = async (name: string, side: Side, entry: Known): Promise<boolean> => {
    const found = await resolve(name, side);
    if (found.kind === 'failed') log('name-not-looked-up', { name, side, why: found.why });
    const ttl = found.kind === 'found' ? found.ttlSeconds : mostSeconds;
    entry.nextAt = clock.now().getTime() + Math.min(mostSeconds, Math.max(leastSeconds, ttl)) * 1000;
    if (found.kind !== 'found') return false;
    const before = entry.addresses;
    const unasked = before.filter((address) => !found.settled.includes(familyOf(address)));
    entry.addresses = [...new Set([...found.addresses, ...unasked])].sort();
    return entry.addresses.join() !== before.join();
  };
  const lookUp = (name: string, side: Side, entry: Known): Promise<boolean> => {
    if (entry.nextAt > clock.now().getTime()) return Promise.resolve(false);
    return (entry.looking ??= ask(name, side, entry).finally(() => delete entry.looking));
  };
  const sidesOf = (name: string): Sides => {
    const sides = known.get(name) ?? { itself: unknown(), services: unknown() };
    known.set(name, sides);
    return sides;
  };
  return {
    addressesOf(name) {
      const { itself, services } = known.get(name) ?? { itself: unknown(), services: unknown() };
      return [...itself.addresses, ...services.addresses];
    },
    async look(names) {
      for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
      const looks = names.flatMap((name) => {
        const { itself, services } = sidesOf(name);
        return [lookUp(name, 'itself', itself), lookUp(name, 'services', services)];
      });
      return (await Promise.all(looks)).includes(true);
    },
  };
}

function unknown(): Known {
  return { addresses: [], nextAt: -Infinity };
}
