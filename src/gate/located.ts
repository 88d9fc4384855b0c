/** Where phones and trunks are: of a trunk that Asterisk knows by name alone, what DNS says of it now. */
import type { LookUp, Side } from '../domain/names';
import { familyOf, isSingle, type Network } from '../domain/network';
import { deviceTo } from '../domain/paths';
import type { HeardPeer, Peer } from '../domain/phones';
import type { Linked } from '../domain/surroundings';
import { calledOf } from './names/sources';
import type { Parts } from './parts';

export interface Located {
  readonly peers: readonly HeardPeer[];
  readonly nowhere: readonly Nowhere[];
}

/** Nobody can say where its calls come from. */
export interface Nowhere {
  readonly peer: Peer;
  readonly why: string;
}

type Place = { readonly addresses: readonly Network[] } | { readonly why: string };

/** A peer for each address of a name. Never rejects for what DNS says. */
export async function locate(
  parts: Pick<Parts, 'resolve' | 'store' | 'clock' | 'surroundings'>,
  peers: readonly Peer[],
): Promise<Located> {
  const hosts = new Set(peers.flatMap(({ address, host }) => (address === undefined ? (host ?? []) : [])));
  const linked = await parts.surroundings.links();
  const asked = [...hosts].map(async (host) => [host, await placeOf(parts, host, linked)] as const);
  const places = new Map(await Promise.all(asked));
  const located = peers.map((peer): Located => {
    if (peer.address !== undefined) return { peers: [{ ...peer, address: peer.address }], nowhere: [] };
    const place = places.get(peer.host ?? '') ?? { why: 'Asterisk tells no address of it' };
    if ('why' in place) return { peers: [], nowhere: [{ peer, why: place.why }] };
    return { peers: place.addresses.map((address) => ({ ...peer, address })), nowhere: [] };
  });
  return { peers: located.flatMap((each) => each.peers), nowhere: located.flatMap((each) => each.nowhere) };
}

const SIDES: readonly Side[] = ['itself', 'services'];

async function placeOf(
  parts: Pick<Parts, 'resolve' | 'store' | 'clock'>,
  host: string,
  linked: Linked,
): Promise<Place> {
  const [own, led] = await Promise.all(SIDES.map((side) => parts.resolve(host, side)));
  const found = new Set([own, led].flatMap((lookUp) => (lookUp?.kind === 'found' ? lookUp.addresses : [])));
  if (isUnknown(own) || isUnknown(led)) for (const address of await openAs(parts, host)) found.add(address);
  if (found.size === 0) return { why: own?.kind === 'failed' ? own.why : 'DNS knows no address of it' };
  const within = [...found].filter((address) => isWithinReach(address, linked));
  return { addresses: within.length > 0 ? within : [...found] };
}

function isUnknown(lookUp: LookUp | undefined): boolean {
  return lookUp?.kind === 'failed';
}

/** What was let in by this name, when DNS still told. */
async function openAs({ store, clock }: Pick<Parts, 'store' | 'clock'>, host: string): Promise<readonly Network[]> {
  const called = SIDES.map((side) => calledOf({ host, side }));
  const live = await store.liveEntries(clock.now(), 'allow');
  return live.filter(({ what, network }) => called.includes(what) && isSingle(network)).map(({ network }) => network);
}

/** From an address of IPv6 nothing comes to a machine that has no way there. */
function isWithinReach(address: Network, linked: Linked): boolean {
  return familyOf(address) === 4 || linked.routes.length === 0 || deviceTo(address, linked) !== undefined;
}
