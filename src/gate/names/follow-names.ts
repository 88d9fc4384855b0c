/** Follows names and providers: what joins them is opened, what leaves them has a grace, and bad news change nothing. */
import type { Entry, Group, NewEntry } from '../../domain/entry';
import { movesOf, type Moves } from '../../domain/names';
import type { Family } from '../../domain/network';
import type { Records } from '../../domain/store';
import { AppError } from '../../errors';
import type { Doors } from '../doors/doors';
import { sayMoves } from './say-moves';
import { nameNews, type NoteNews } from './name-news';
import { automaticBlocksOver } from '../doors/give-way';
import { entryOn } from '../doors/open-group';
import type { Parts } from '../parts';
import { calledOf, isFollowed, isKnown, lookAt, sourcesOf, type Seen, type Sources } from './sources';
import type { Terms } from '../doors/terms';
import { tellOfBlockedWayIn } from './way-in';

export interface NameFollower {
  /** Looks at every name whose time has come; others are not held up by one that fails, and `stop` by none. */
  look(stop: AbortSignal): Promise<void>;
}

/** In a shared database another PBX takes over when the one that follows a name has not looked for so long. */
const TAKE_OVER_MS = 10 * 60_000;

export function nameFollower(parts: Parts, doors: Doors): NameFollower {
  const { store, clock, rules, log } = parts;
  /** By group, in milliseconds since the epoch; a name that is not in it is due. */
  const due = new Map<number, number>();
  const noteNews = nameNews(parts);
  const lookInto = async (group: Group, stopped: Promise<undefined>): Promise<void> => {
    const soon = clock.now().getTime() + rules.names.leastSeconds * 1000;
    due.set(group.id, soon);
    try {
      const seconds = await follow({ parts, doors, noteNews }, group, stopped);
      due.set(group.id, clock.now().getTime() + seconds * 1000);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log('name-not-followed', { name: group.what, error: error.what });
    }
  };
  return {
    async look(stop) {
      const now = clock.now();
      const groups = (await store.liveGroups(now)).filter(isFollowed);
      const live = new Set(groups.map(({ id }) => id));
      for (const id of due.keys()) if (!live.has(id)) due.delete(id);
      const ours = groups.filter((group) => (due.get(group.id) ?? 0) <= now.getTime() && isOurs(group, parts));
      if (ours.length === 0 || stop.aborted) return;
      const done = new AbortController();
      const stopped = new Promise<undefined>((resolve) => {
        const end = () => resolve(undefined);
        stop.addEventListener('abort', end, { once: true, signal: done.signal });
      });
      const looks = ours.map((group) => lookInto(group, stopped));
      await Promise.all(looks).finally(() => done.abort()); // `stop` lives as long as the daemon
    },
  };
}

function isOurs({ pbx, checkedBy, checkedAt, since }: Group, { sharedAs, clock }: Parts): boolean {
  if (sharedAs === undefined || (checkedBy ?? pbx) === sharedAs) return true;
  return clock.now().getTime() - (checkedAt ?? since).getTime() > TAKE_OVER_MS;
}

interface Tools {
  readonly parts: Parts;
  readonly doors: Doors;
  readonly noteNews: NoteNews;
}

/** Resolves to the seconds until it is to be looked at again. */
async function follow({ parts, doors, noteNews }: Tools, group: Group, stopped: Promise<undefined>): Promise<number> {
  const { store, clock, rules } = parts;
  const sources = sourcesOf(group, parts);
  if (!sources || !(await claimed(parts, group))) return rules.names.mostSeconds;
  const before = await store.liveEntriesIn(group.id, clock.now());
  const networksOf = (called: string) => before.filter(({ what }) => what === called).map(({ network }) => network);
  const seen = await Promise.race([lookAt(parts, sources, networksOf), stopped]);
  if (!seen) return rules.names.mostSeconds;
  const now = clock.now();
  const current = await store.group(group.id);
  if (current?.state !== 'open') return rules.names.mostSeconds;
  const members = await store.liveEntriesIn(group.id, now);
  await move(parts, doors, current, { sources, seen, members });
  await noteNews(current, seen, members);
  await tellOfBlockedWayIn(parts, current);
  return secondsUntilNext(seen, rules.names);
}

/** In a shared database it is written down who follows it, before anybody is asked. */
async function claimed(parts: Parts, group: Group): Promise<boolean> {
  const { store, clock, sharedAs } = parts;
  if (sharedAs === undefined) return true;
  return store.transaction(async (records) => {
    const current = await records.group(group.id);
    if (current?.state !== 'open' || !isOurs(current, parts)) return false;
    await records.changeGroup(group.id, { checkedAt: clock.now() });
    return true;
  });
}

interface Look {
  readonly sources: Sources;
  readonly seen: readonly Seen[];
  readonly members: readonly Entry[];
}

/** Opens and shortens in one step. */
async function move(parts: Parts, doors: Doors, group: Group, { sources, seen, members }: Look): Promise<void> {
  const { clock, rules } = parts;
  const since = clock.now();
  const { until } = group;
  const ends = { until, graceEnd: new Date(since.getTime() + rules.names.graceSeconds * 1000) };
  const entries: NewEntry[] = [];
  const all: Moves[] = [];
  const note = (what: string, moves: Moves, services = group.services) => {
    all.push(moves);
    const stays = [...moves.joined, ...moves.returned.map(({ network }) => network)];
    entries.push(
      ...stays.map((network) => ({ ...entryOn(network, { ...termsOf(group), since, services }), what })),
      ...moves.left.map((entry) => ({ ...entry, until: ends.graceEnd, state: 'opening' as const })),
    );
  };
  for (const each of seen) {
    const { lookUp, good, services } = each;
    if (lookUp.kind !== 'found' || good.length === 0) continue;
    const called = calledOf(each);
    const its = members.filter(({ what }) => what === called);
    note(called, movesOf(its, good, lookUp.settled, ends), services);
  }
  for (const { network, services } of sources.networks) {
    const its = members.filter(({ what }) => what === network);
    note(network, movesOf(its, [network], BOTH, ends), services);
  }
  for (const [what, its] of gone(members, sources)) note(what, movesOf(its, [], BOTH, ends));
  if (entries.length === 0) return;
  const superseded = all.flatMap(({ returned, left }) => [...returned, ...left]);
  // Nobody lets in whom he wants to have blocked, and such a block came before its name was known.
  const comes = all.flatMap(({ joined, returned }) => [...joined, ...returned.map(({ network }) => network)]);
  const giveWay = await automaticBlocksOver(parts.store, comes, since);
  const why = sayMoves(all, giveWay, rules.names.graceSeconds);
  const cause = { action: 'follow', by: 'dns', from: undefined, why } as const;
  const replaces = async (records: Records) => {
    const current = await records.group(group.id);
    if (current?.state === 'open') {
      const blocks = await automaticBlocksOver(records, comes, since);
      return { superseded: [...superseded, ...blocks], closing: [] };
    }
    throw new AppError('NOT_FOUND', `${group.what} was closed meanwhile`, `tollgate log shows who did it`);
  };
  await doors.openAll({ group, entries, cause, replaces });
}

/** What joins is let in on the terms of the whole. */
function termsOf({ services, by, until, name, note, isPrimary, origin, since }: Group): Terms {
  return {
    ...{ services, by, until, name, note, since },
    ...(isPrimary && { isPrimary }),
    ...(origin !== undefined && { origin }),
  };
}

const BOTH: readonly Family[] = [4, 6];

/** What came from a name or network that the provider has no more. */
function gone(members: readonly Entry[], { names, networks }: Sources): Map<string, Entry[]> {
  const known = new Set<string>([...names.map(calledOf), ...networks.map(({ network }) => network)]);
  const left = members.filter(({ what }) => !known.has(what));
  return new Map(left.map(({ what }) => [what, left.filter((entry) => entry.what === what)]));
}

function secondsUntilNext(
  seen: readonly Seen[],
  { leastSeconds, mostSeconds }: { readonly leastSeconds: number; readonly mostSeconds: number },
): number {
  const wanted = seen.map((each) => {
    if (each.lookUp.kind === 'found') return each.lookUp.ttlSeconds;
    return isKnown(each) ? mostSeconds : leastSeconds;
  });
  return Math.max(leastSeconds, Math.min(mostSeconds, ...wanted));
}
