/** What live entries put into a set of one family. There may be hundreds of thousands, so nothing is copied. */
import { isBefore, type Until } from '../domain/entry';
import { familyOf, type Family, type Network } from '../domain/network';
import type { Members } from './kernel-state';
import { kernelNetworks } from './names';
import { leftUntil, type Left } from './time-left';

/** Member as ipset prints it -> its end. Where all of them are walked through at once, `forEach` makes nothing anew. */
export interface Ends extends Pick<ReadonlyMap<string, Until>, 'get' | typeof Symbol.iterator> {
  forEach(visit: (until: Until, member: string) => void): void;
}
type Networks = ReadonlyMap<Network, Until>;

/** Of one set. Throws RangeError on a network that is not written as the kernel writes it. */
export function endsByFamily(networks: Networks): Readonly<Record<Family, Ends>> {
  const counts: Record<Family, number> = { 4: 0, 6: 0 };
  for (const network of networks.keys()) {
    kernelNetworks(network);
    counts[familyOf(network)]++;
  }
  const endsIn = (family: Family): Ends => {
    if (counts[family] === 0) return NONE;
    if (networks.has(EVERYTHING[family] as Network)) return inHalves(networks, family);
    if (counts[family] === networks.size) return networks;
    return {
      get: (member) => (familyOf(member as Network) === family ? networks.get(member as Network) : undefined),
      forEach: (visit) =>
        networks.forEach((until, network) => {
          if (familyOf(network) === family) visit(until, network);
        }),
      [Symbol.iterator]: () => ofFamily(networks, family),
    };
  };
  return { 4: endsIn(4), 6: endsIn(6) };
}

const NONE: Ends = new Map();
const EVERYTHING: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

function* ofFamily(networks: Networks, family: Family): MapIterator<[Network, Until]> {
  for (const each of networks) if (familyOf(each[0]) === family) yield each;
}

function inHalves(networks: Networks, family: Family): Ends {
  const ends = new Map<string, Until>();
  for (const [network, until] of ofFamily(networks, family)) {
    for (const member of kernelNetworks(network)) ends.set(member, until);
  }
  return ends;
}

/** The seconds that are left of them. */
export function liveMembers(ends: Ends, now: Date): Members {
  let size = 0;
  ends.forEach((until) => {
    if (isBefore(now, until)) size++;
  });
  const get = (member: string): Left | undefined => {
    const until = ends.get(member);
    return until && leftUntil(until, now);
  };
  return {
    ...{ size, get },
    has: (member) => get(member) !== undefined,
    forEach: (visit) =>
      ends.forEach((until, member) => {
        const left = leftUntil(until, now);
        if (left !== undefined) visit(left, member);
      }),
    [Symbol.iterator]: () => leftOf(ends, now),
  };
}

function* leftOf(ends: Ends, now: Date): MapIterator<[string, Left]> {
  for (const [member, until] of ends) {
    const left = leftUntil(until, now);
    if (left !== undefined) yield [member, left];
  }
}
