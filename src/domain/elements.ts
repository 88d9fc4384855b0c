/** From entries to the members of kernel sets. A member is the union of all live entries for its network. */
import { isBefore, later, type Entry, type Until } from './entry';
import type { Change, Elements, Member } from './firewall';
import type { Network } from './network';
import { ALL, expandServices, type Service } from './service';

const BLOCK = 'block';
/** Addresses that were in a signalling set: connections that we ourselves began with them end with their lease. */
export const WAS = 'was';
/** How long an address is remembered after its last signalling lease; longer than any connection of ours to it idles. */
const WAS_MS = 2 * 3600 * 1000;

/** What must be in which set for one network, when `live` are all live entries on exactly this network. */
function membersOf(live: readonly Entry[], services: readonly Service[]): Map<string, Until> {
  const ends = new Map<string, Until>();
  for (const entry of live) {
    const sets = entry.kind === 'block' ? [BLOCK] : expandServices(entry.services, services);
    for (const set of sets) ends.set(set, later(ends.get(set) ?? entry.until, entry.until));
  }
  const signalling = services.filter((service) => service.signalling).flatMap(({ name }) => ends.get(name) ?? []);
  if (signalling.length > 0) ends.set(WAS, rememberedUntil(signalling.reduce(later)));
  return ends;
}

/** Every set that an entry can put a network into. */
function setNames(services: readonly Service[]): string[] {
  return [...services.map((service) => service.name), ALL, WAS, BLOCK];
}

/**
 * The changes that bring the kernel to `live` on this network after `leaving` (entries on it that end now) have gone:
 * ends that move, sets that it leaves. A network that leaves the signalling sets stays in `was` for two hours.
 */
export function changesFor(
  network: Network,
  live: readonly Entry[],
  leaving: readonly Entry[],
  services: readonly Service[],
  now: Date,
): Change[] {
  const ends = membersOf(
    live.filter((entry) => isBefore(now, entry.until)),
    services,
  );
  const left = membersOf(leaving, services);
  if (left.has(WAS) && !ends.has(WAS)) ends.set(WAS, rememberedUntil(now));
  return [...new Set([...ends.keys(), ...left.keys()])].map((set) => ({ set, network, until: ends.get(set) }));
}

/** Everything that the kernel must hold for these live entries; what it remembers in `was` stays until it times out. */
export function elementsFor(
  live: readonly Entry[],
  services: readonly Service[],
  remembered: readonly Member[],
  now: Date,
): Elements {
  const elements = new Map(setNames(services).map((set) => [set, new Map<Network, Until>()]));
  for (const { set, network, secondsLeft } of remembered) {
    if (set === WAS) elements.get(WAS)?.set(network, rememberedUntil(now, secondsLeft));
  }
  for (const [network, entries] of groupByNetwork(live)) {
    for (const [set, until] of membersOf(entries, services)) elements.get(set)?.set(network, until);
  }
  return elements;
}

export function groupByNetwork(entries: readonly Entry[]): Map<Network, Entry[]> {
  const groups = new Map<Network, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.network);
    if (group) group.push(entry);
    else groups.set(entry.network, [entry]);
  }
  return groups;
}

function rememberedUntil(from: Until, secondsLeft = Infinity): Until {
  if (from === 'forever') return from;
  return new Date(from.getTime() + Math.min(WAS_MS, secondsLeft * 1000));
}
