/** From entries to the members of kernel sets. A member is the union of all live entries for its network. */
import { isBefore, later, type Entry, type Until } from './entry';
import type { Change, Elements, Member } from './firewall';
import type { Network } from './network';
import { ALL, expandServices, type Service } from './service';

const BLOCK = 'block';
const MEDIA = 'rtp';
/** Addresses that were in a signalling set: connections that we ourselves began with them end with their lease. */
export const WAS = 'was';
/** How long an address is remembered after its last signalling lease; longer than any connection of ours to it idles, or a call outlasts it. */
const WAS_MS = 2 * 3600 * 1000;

/** What services' names stand for, and how long a call may outlast a lease that was opened by telephone. */
export interface Terms {
  readonly services: readonly Service[];
  readonly outlastSeconds: number;
}

/**
 * When the media of an entry end. A call may outlast its lease, and the kernel ends every member by itself: so a
 * telephone's lease has its media's members for longer from the first, and they are taken out at its end if no call is up.
 */
export function mediaEnd({ account, until }: Entry, { outlastSeconds }: Terms): Until {
  if (account === undefined || until === 'forever') return until;
  return new Date(until.getTime() + outlastSeconds * 1000);
}

/** Can a call outlast this entry? */
export function hasMedia(entry: Entry, { services }: Terms): boolean {
  return entry.kind === 'allow' && entry.account !== undefined && expandServices(entry.services, services).has(MEDIA);
}

function setsOf(entry: Entry, services: readonly Service[]): Iterable<string> {
  return entry.kind === 'block' ? [BLOCK] : expandServices(entry.services, services);
}

/** What must be in which set for one network, by these entries on exactly it. Of an ended one only its media. */
function membersOf(entries: readonly Entry[], terms: Terms): Map<string, Until> {
  const ends = new Map<string, Until>();
  for (const entry of entries) {
    for (const set of setsOf(entry, terms.services)) {
      if (entry.state === 'ended' && set !== MEDIA) continue;
      const end = set === MEDIA ? mediaEnd(entry, terms) : entry.until;
      ends.set(set, later(ends.get(set) ?? end, end));
    }
  }
  const signalling = terms.services.filter((service) => service.signalling).flatMap(({ name }) => ends.get(name) ?? []);
  if (signalling.length > 0) ends.set(WAS, rememberedUntil(signalling.reduce(later)));
  return ends;
}

/** Every set that an entry can put a network into. */
function setNames(services: readonly Service[]): string[] {
  return [...services.map((service) => service.name), ALL, WAS, BLOCK];
}

/**
 * The changes that bring the kernel to `live` on this network after `leaving` (entries on it that end now) have gone:
 * ends that move, sets that it leaves. An ended entry in `live` is a lease that a call outlasts. A network that leaves
 * the signalling sets stays in `was` for two hours.
 */
export function changesFor(
  network: Network,
  live: readonly Entry[],
  leaving: readonly Entry[],
  terms: Terms,
  now: Date,
): Change[] {
  const isLive = (entry: Entry) => isBefore(now, entry.state === 'ended' ? mediaEnd(entry, terms) : entry.until);
  const ends = membersOf(live.filter(isLive), terms);
  const left = membersOf(
    leaving.map((entry) => ({ ...entry, state: 'open' })),
    terms,
  );
  if (left.has(WAS) && !ends.has(WAS)) ends.set(WAS, rememberedUntil(now));
  return [...new Set([...ends.keys(), ...left.keys()])].map((set) => ({ set, network, until: ends.get(set) }));
}

/**
 * Everything that the kernel must hold for these live entries, and ended ones that calls outlast; what it remembers in
 * `was` stays until it times out.
 */
export function elementsFor(live: readonly Entry[], terms: Terms, remembered: readonly Member[], now: Date): Elements {
  const elements = new Map(setNames(terms.services).map((set) => [set, new Map<Network, Until>()]));
  for (const { set, network, secondsLeft } of remembered) {
    if (set === WAS) elements.get(WAS)?.set(network, rememberedUntil(now, secondsLeft));
  }
  for (const [network, entries] of groupByNetwork(live)) {
    for (const [set, until] of membersOf(entries, terms)) elements.get(set)?.set(network, until);
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
