/** From entries to the members of kernel sets. A member is the union of all live entries for its network. */
import { isBefore, later, type Entry, type OpenEntry, type Until } from './entry';
import type { Change, Elements } from './firewall';
import { lastAnswer } from './last-answer';
import type { Network } from './network';
import { ALL, expandServices, type Service } from './service';

const BLOCK = 'block';
const MEDIA = 'rtp';
/** Addresses that were in a signalling set: connections that we ourselves began with them end with their lease. */
export const WAS = 'was';
/** How long an address is remembered after its last signalling lease; longer than any connection of ours to it idles, or a call outlasts it. */
const WAS_MS = 2 * 3600 * 1000;

/** What services' names stand for, and how long a call may outlast a lease that was opened by telephone. */
export interface MemberRules {
  readonly services: readonly Service[];
  readonly outlastSeconds: number;
}

/**
 * When the media of an entry end. A call may outlast its lease, and the kernel ends every member by itself: so a
 * telephone's lease has its media's members for longer from the first, and they are taken out at its end if no call is up.
 */
export function mediaEnd(entry: OpenEntry, rules: Pick<MemberRules, 'outlastSeconds'>): Until {
  return endIn(MEDIA, entry, outlasting(rules));
}

function outlasting({ outlastSeconds }: Pick<MemberRules, 'outlastSeconds'>): (until: Until) => Until {
  return delay(outlastSeconds * 1000);
}

/** So much later. Entries are read by their ends. */
function delay(ms: number): (until: Until) => Until {
  return lastAnswer((until) => (until === 'forever' ? until : new Date(until.getTime() + ms)));
}

/** Can a call outlast this entry? */
export function hasMedia(entry: Entry, { services }: MemberRules): boolean {
  return entry.kind === 'allow' && entry.account !== undefined && expandServices(entry.services, services).has(MEDIA);
}

/** A set that an entry's network must be in. */
interface Place {
  readonly set: string;
  readonly isSignalling: boolean;
}

/** Where an entry's network must be. Of an ended entry only its media. */
function placesBy({ services }: MemberRules): (entry: OpenEntry) => readonly Place[] {
  const signalling = new Set(services.filter((service) => service.signalling).map(({ name }) => name));
  const known = new Map<readonly string[], readonly Place[]>();
  const placesOf = (names: readonly string[]) => {
    const places = [...expandServices(names, services)].map((set) => ({ set, isSignalling: signalling.has(set) }));
    known.set(names, places); // many entries share one list
    return places;
  };
  return (entry) => {
    if (entry.kind === 'block') return BLOCKED;
    const places = known.get(entry.services) ?? placesOf(entry.services);
    return entry.state === 'ended' ? places.filter(({ set }) => set === MEDIA) : places;
  };
}

const BLOCKED: readonly Place[] = [{ set: BLOCK, isSignalling: false }];

/** Until when a set must hold it. */
function endIn(set: string, { account, until }: OpenEntry, outlast: (until: Until) => Until): Until {
  return set === MEDIA && account !== undefined ? outlast(until) : until;
}

/** What must be in which set for one network, by these entries on exactly it. */
function membersOf(entries: readonly Entry[], rules: MemberRules): Map<string, Until> {
  const ends = new Map<string, Until>();
  const placesOf = placesBy(rules);
  const [outlast, keepInMind] = [outlasting(rules), delay(WAS_MS)];
  for (const entry of entries) {
    for (const { set, isSignalling } of placesOf(entry)) {
      const end = endIn(set, entry, outlast);
      raise(ends, set, end);
      if (isSignalling) raise(ends, WAS, keepInMind(end));
    }
  }
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
  rules: MemberRules,
  now: Date,
): Change[] {
  const isLive = (entry: Entry) => isBefore(now, entry.state === 'ended' ? mediaEnd(entry, rules) : entry.until);
  const ends = membersOf(live.filter(isLive), rules);
  const left = membersOf(
    leaving.map((entry) => ({ ...entry, state: 'open' })),
    rules,
  );
  if (left.has(WAS) && !ends.has(WAS)) ends.set(WAS, rememberedUntil(now));
  return [...new Set([...ends.keys(), ...left.keys()])].map((set) => ({ set, network, until: ends.get(set) }));
}

/** Everything that the kernel must hold, entry by entry: a member is the union of all on its network. */
export interface Gathering {
  /** A live entry, or an ended one that a call outlasts. */
  readonly add: (entry: OpenEntry) => void;
  /** What the kernel remembers in `was` stays until it times out. After the entries. */
  readonly remember: (known: readonly [network: Network, secondsLeft: number]) => void;
  readonly elements: Elements;
}

export function gatherElements(rules: MemberRules, now: Date): Gathering {
  const elements = new Map(setNames(rules.services).map((set) => [set, new Map<Network, Until>()]));
  const was = elements.get(WAS) ?? new Map<Network, Until>();
  const placesOf = placesBy(rules);
  const [outlast, keepInMind] = [outlasting(rules), delay(WAS_MS)];
  return {
    elements,
    add(entry) {
      let signalling: Until | undefined;
      for (const { set, isSignalling } of placesOf(entry)) {
        const end = endIn(set, entry, outlast);
        raise(elements.get(set), entry.network, end);
        if (isSignalling) signalling = end;
      }
      if (signalling) raise(was, entry.network, keepInMind(signalling));
    },
    remember([network, secondsLeft]) {
      if (!was.has(network)) was.set(network, rememberedUntil(now, secondsLeft));
    },
  };
}

function raise<Key>(ends: Map<Key, Until> | undefined, key: Key, end: Until): void {
  const before = ends?.get(key);
  if (before === undefined || later(before, end) !== before) ends?.set(key, end);
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

function rememberedUntil(from: Date, secondsLeft = Infinity): Date {
  return new Date(from.getTime() + Math.min(WAS_MS, secondsLeft * 1000));
}
