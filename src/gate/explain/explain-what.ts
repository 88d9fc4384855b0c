/** What somebody wants to have explained: an address, or what he calls it, and the address that it stands for. */
import { integerOf, addressOf } from '../../domain/address-range';
import type { Live } from '../../domain/live';
import { familyOf, isSingle, parseNetwork, type Network } from '../../domain/network';
import { AppError } from '../../errors';
import type { Parts } from '../parts';
import { canonicalText, readWhat } from '../doors/what';

export interface Meant {
  /** As it is shown: an address, or a network. */
  readonly network: Network;
  /** A single one of it: the packet's. */
  readonly address: Network;
  /** The other networks that it stands for. */
  readonly others: readonly Network[];
  /** What was typed, when that was no address: `office.example.com`, `entry 12`. */
  readonly called: string | undefined;
}

/** Rejects with MISUSED or NOT_FOUND. A name that nobody let in is looked up. */
export async function meantBy(parts: Parts, typed: string): Promise<Meant> {
  const network = parseNetwork(canonicalText(typed));
  if (network) return meant([network], undefined, typed);
  const id = /^(?:#|entry )?(\d{1,15})$/.exec(typed)?.[1];
  const live = await called(parts, id === undefined ? typed : Number(id));
  if (live) return meant(await networksOf(parts, live), id === undefined ? typed : `entry ${id} (${live.what})`, typed);
  if (id !== undefined) throw nothingThere(typed);
  const what = readWhat(typed);
  if (what.kind === 'range') return meant(what.networks, typed, typed);
  if (what.kind !== 'name') throw nothingThere(typed);
  const sides = await Promise.all([parts.resolve(what.host, 'itself'), parts.resolve(what.host, 'services')]);
  const addresses = sides.flatMap((found) => (found.kind === 'found' ? found.addresses : []));
  return meant(addresses, what.host, typed);
}

/** Also one that has ended, by its number. */
async function called({ store, clock }: Parts, what: string | number): Promise<Live | undefined> {
  const now = clock.now();
  if (typeof what === 'number') return (await store.entry(what)) ?? store.group(what);
  const text = canonicalText(what);
  const isMeant = (each: Live) => each.name === what || each.what === text;
  const groups = (await store.liveGroups(now)).filter(isMeant);
  return groups[0] ?? (await store.liveEntriesCalled(what, undefined, now))[0];
}

async function networksOf({ store, clock }: Parts, live: Live): Promise<readonly Network[]> {
  if ('network' in live) return [live.network];
  return (await store.liveEntriesIn(live.id, clock.now())).map(({ network }) => network);
}

function meant(networks: readonly Network[], name: string | undefined, typed: string): Meant {
  const [network, ...others] = [...new Set(networks)];
  if (!network) throw nothingThere(typed);
  const address = isSingle(network) ? network : addressOf(familyOf(network), integerOf(network));
  return { network, address, others, called: name };
}

function nothingThere(typed: string): AppError {
  return new AppError(
    'NOT_FOUND',
    `"${typed}" stands for no address now`,
    'tollgate list shows entries and their names',
  );
}
