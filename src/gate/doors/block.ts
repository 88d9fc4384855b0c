/** Block: drops an address, a network or a range before everything else. */
import type { Entry, NewEntry } from '../../domain/entry';
import { around, familyOf, isSingle, type Network } from '../../domain/network';
import type { EntryShape } from '../../domain/shapes';
import { AppError } from '../../errors';
import type { Doors, Wanted } from './doors';
import type { BlockAsked } from './entries';
import { groupWanted, openWanted } from './open-group';
import type { Parts } from '../parts';
import { protectionOf } from './protected';
import { refuseTooLong, untilOf, type Terms } from './terms';
import { refuseTooWide } from './too-wide';
import { readWhat, textOf, type What } from './what';

export async function block(parts: Parts, doors: Doors, asked: BlockAsked): Promise<EntryShape> {
  return openWanted(doors, await blockWanted(parts, asked), asked.dryRun);
}

/** Judged; nothing is changed. Rejects as `block` does. */
export async function blockWanted(parts: Parts, asked: BlockAsked): Promise<Wanted> {
  const what = readWhat(asked.what);
  const networks = networksOf(parts, what);
  const called = textOf(what);
  refuseTooWide(networks, called);
  refuseTooLong('note', asked.note);
  for (const network of networks) await refuseProtected(parts, network);
  const terms: Terms = {
    ...{ services: [], by: asked.by, since: parts.clock.now(), until: untilOf(parts, asked) },
    ...{ name: undefined, note: asked.note },
    ...(asked.origin !== undefined && { origin: asked.origin }),
  };
  const cause = { action: 'block', by: asked.by, from: 'command', why: asked.note ?? 'Blocked by the admin.' } as const;
  const entries = networks.map((network): NewEntry => blockOf(network, terms, called));
  const [only, second] = entries;
  if (!only || second) return groupWanted({ kind: 'range', what: called, entries, cause }, terms);
  const isSame = (entry: Entry) =>
    entry.kind === 'block' && entry.partOf === undefined && entry.origin === asked.origin;
  return {
    entries: [only],
    cause,
    replaces: async (records) => ({
      superseded: (await records.liveEntriesOn(only.network, terms.since)).filter(isSame),
      closing: [],
    }),
  };
}

function blockOf(network: Network, terms: Terms, what: string): NewEntry {
  return { ...terms, kind: 'block', what, network, account: undefined, state: 'opening' };
}

/** A single IPv6 address stands for what its owner has: a network. */
function networksOf({ rules }: Parts, what: What): readonly Network[] {
  if (what.kind === 'range') return what.networks;
  if (what.kind === 'network') {
    const { network } = what;
    return [familyOf(network) === 6 && isSingle(network) ? around(network, rules.ipv6BlockPrefix) : network];
  }
  const happened = `"${textOf(what)}" is a ${what.kind}, and only addresses are blocked`;
  throw new AppError('REFUSED', happened, 'block the addresses that you see in tollgate log');
}

async function refuseProtected(parts: Parts, network: Network): Promise<void> {
  const found = await protectionOf(parts, network, 'hand');
  if (!found) return;
  const holds = found.network === network ? `${network} is` : `${network} would cut off ${found.network}, which is`;
  throw new AppError('REFUSED', `${holds} ${found.why}`, found.hint);
}
