/** What is never blocked by itself: without it nobody could put things right again, or everybody would be cut off. */
import type { Entry } from '../../domain/entry';
import { covers, type Network } from '../../domain/network';
import type { Parts } from '../parts';

export interface Protection {
  /** What is protected. */
  readonly network: Network;
  /** `the gateway`, … */
  readonly why: string;
  /** What to do for a block all the same. */
  readonly hint: string;
}

/** So long gateway, resolvers and own addresses are taken for what they were: looking takes many milliseconds. */
const REMEMBERED_MS = 60_000;

/** Looks at them in time, so that no block has to wait; called every few seconds. */
export async function keepInSight(parts: Parts): Promise<void> {
  parts.ownAddresses(REMEMBERED_MS / 2);
  await parts.surroundings.links(REMEMBERED_MS / 2);
}

/**
 * Why this network must not be blocked; undefined: it may be. `itself`: not by a program's own decision, when it touches
 * anything protected. By `hand` an admin may block what he or an import has let in, and a piece of a trusted network, but
 * never the whole of it, what the machine needs to be reached at all, or the way in that always has access. `known`: the
 * live entries that cover it, for whoever has asked already.
 */
export async function protectionOf(
  parts: Parts,
  network: Network,
  by: 'hand' | 'itself',
  known?: readonly Entry[],
): Promise<Protection | undefined> {
  const covering = known ?? (await parts.store.liveEntriesCovering(network, parts.clock.now()));
  // An intruder is cut off at once; whoever blocks by hand has the time to look.
  const mostMs = by === 'itself' ? REMEMBERED_MS : 0;
  const protections = [
    ...(await protectedPlaces(parts, mostMs)),
    ...(await protectedEntries(parts, network, covering)),
  ];
  return protections.find((each) => {
    const isHeld = covers(network, each.network);
    const isTouched = isHeld || covers(each.network, network);
    if (by === 'itself' || each.kind === 'way in') return isTouched;
    return each.kind === 'place' && isHeld;
  });
}

interface Protecting extends Protection {
  readonly kind: 'place' | 'entry' | 'way in';
}

async function protectedPlaces(parts: Parts, mostMs: number): Promise<readonly Protecting[]> {
  const { surroundings, store, rules } = parts;
  const { routes, resolvers } = await surroundings.links(mostMs);
  const { links } = await store.modeState();
  const narrower = 'block a narrower network';
  const place = (network: Network, why: string, hint = narrower): Protecting => ({
    network,
    why,
    hint,
    kind: 'place',
  });
  return [
    ...parts.ownAddresses(mostMs).map((own) => place(own, "this machine's own address")),
    ...routes.flatMap(({ gateway }) => (gateway === undefined ? [] : [place(gateway, 'the gateway')])),
    ...resolvers.map((resolver) => place(resolver, 'a resolver')),
    ...[...rules.trusted, ...(links?.trusted ?? [])].map(({ network, device }) =>
      place(network, `the trusted network on ${device}`, `${narrower}, or take it out of [firewall] trusted`),
    ),
  ];
}

/** Entries that an admin or an import made; a lease that was opened by telephone protects nobody. */
async function protectedEntries(
  { store, clock }: Parts,
  network: Network,
  covering: readonly Entry[],
): Promise<readonly Protecting[]> {
  const now = clock.now();
  const inside = network.includes('/')
    ? (await store.liveEntries(now, 'allow')).filter((each) => covers(network, each.network))
    : [];
  if (covering.length + inside.length === 0) return [];
  const groups = await store.liveGroups(now);
  const called = (entry: Entry) => groups.find(({ id }) => id === entry.partOf);
  return [...covering, ...inside]
    .filter(({ kind, account }) => kind === 'allow' && account === undefined)
    .map((entry): Protecting => {
      const group = called(entry);
      const id = entry.partOf ?? entry.id;
      const isPrimary = (group ?? entry).isPrimary === true;
      const what = group?.what ?? entry.what;
      const why = isPrimary
        ? "the admin's own way in"
        : group?.kind === 'provider'
          ? `of the provider ${what}`
          : `let in by entry ${id} (${what})`;
      const hint = `tollgate revoke ${isPrimary ? '--admin ' : ''}${id}`;
      return { network: entry.network, why, hint, kind: isPrimary ? 'way in' : 'entry' };
    });
}
