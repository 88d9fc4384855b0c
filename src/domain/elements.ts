/** From entries to the members of kernel sets. A member is the union of all live entries for its network. */
import { isBefore, later, type Entry, type OpenEntry, type Until } from './entry';
import type { Change, Elements } from './firewall';
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
export function mediaEnd(
  { account, until }: OpenEntry,
  { outlastSeconds }: Pick<MemberRules, 'outlastSeconds'>,
): Until {
  if (account === undefined || until === 'forever') return until;
  return new Date(until.getTime() + outlastSeconds * 1000);
}

/** Can a call outlast this entry? */
export function hasMedia(entry: Entry, { services }: MemberRules): boolean {
  return entry.kind === 'allow' && entry.account !== undefined && expandServices(entry.services, services).has(MEDIA);
}

/** Until when which set must hold an entry's network. Of an ended entry only its media. */
function endsBy({ services, outlastSeconds }: MemberRules) {
  const signalling = new Set(services.filter((service) => service.signalling).map(({ name }) => name));
  const expanded = new Map<readonly string[], ReadonlySet<string>>();
  const setsOf = (names: readonly string[]) => {
    const sets = expanded.get(names) ?? expandServices(names, services);
    expanded.set(names, sets); // many entries share one list
    return sets;
  };
  return function* (entry: OpenEntry): Iterable<readonly [set: string, end: Until, isSignalling: boolean]> {
    for (const set of entry.kind === 'block' ? [BLOCK] : setsOf(entry.services)) {
      if (entry.state === 'ended' && set !== MEDIA) continue;
      const end = set === MEDIA ? mediaEnd(entry, { outlastSeconds }) : entry.until;
      yield [set, end, signalling.has(set)];
    }
  };
}

/** What must be in which set for one network, by these entries on exactly it. */
function membersOf(entries: readonly Entry[], rules: MemberRules): Map<string, Until> {
  const ends = new Map<string, Until>();
  const endsOf = endsBy(rules);
  for (const [set, end, isSignalling] of entries.flatMap((entry) => [...endsOf(entry)])) {
    ends.set(set, later(ends.get(set) ?? end, end));
    if (isSignalling) ends.set(WAS, later(ends.get(WAS) ?? rememberedUntil(end), rememberedUntil(end)));
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
  const endsOf = endsBy(rules);
  return {
    elements,
    add(entry) {
      let signalling: Until | undefined;
      for (const [set, end, isSignalling] of endsOf(entry)) {
        raise(elements.get(set), entry.network, end);
        if (isSignalling) signalling = end;
      }
      if (signalling) raise(was, entry.network, rememberedUntil(signalling));
    },
    remember([network, secondsLeft]) {
      if (!was.has(network)) was.set(network, rememberedUntil(now, secondsLeft));
    },
  };
}

function raise(members: Map<Network, Until> | undefined, network: Network, end: Until): void {
  const before = members?.get(network);
  if (before === undefined || later(before, end) !== before) members?.set(network, end);
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
