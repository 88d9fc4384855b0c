/** The admin's doors: what is asked for them, and the list of them. */
import type { Entry, Group } from '../../domain/entry';
import { parseNetwork, type Network } from '../../domain/network';
import type { EntryShape } from '../../domain/shapes';
import { AppError } from '../../errors';
import type { Parts } from '../parts';
import { shapeOfEntry, shapeOfGroup } from '../shape';

/** Who typed it, and whether only to show what would happen. */
export interface Asked {
  readonly by: string;
  readonly dryRun?: boolean;
}
export interface AllowAsked extends Asked {
  readonly what: string;
  readonly services?: readonly string[];
  readonly seconds?: number;
  /** ISO text; neither this nor `seconds`: for good. */
  readonly until?: string;
  readonly name?: string;
  readonly note?: string;
  /** The admin's own way in: protected, and only `revoke --admin` ends it. */
  readonly primary?: boolean;
  /** The import that brings it, as `freepbx`; undefined: a person. */
  readonly origin?: string;
}
export interface BlockAsked extends Asked {
  readonly what: string;
  readonly seconds?: number;
  /** ISO text. */
  readonly until?: string;
  readonly note?: string;
  /** The import that brings it; undefined: a person. */
  readonly origin?: string;
}
/** With the country of each one's first address. */
export async function list(parts: Parts): Promise<EntryShape[]> {
  const now = parts.clock.now();
  const entries = await parts.store.liveEntries(now);
  const members = membersOf(entries);
  const single = entries
    .filter(({ partOf }) => partOf === undefined)
    .map((entry) => ({ entry, shape: shapeOfEntry(entry) }));
  const groups = (await parts.store.liveGroups(now)).map((group) => ({
    entry: group,
    shape: shapeOfGroup(group, members.get(group.id) ?? []),
  }));
  const byAge = (a: { entry: Entry | Group }, b: { entry: Entry | Group }) =>
    a.entry.since.getTime() - b.entry.since.getTime() || a.entry.id - b.entry.id;
  const countries = await parts.countries.ready();
  const countryOf = ([first = '']: readonly string[]) => {
    const network = parseNetwork(first);
    return network ? (countries.lookup(network).country ?? null) : null;
  };
  return [...single, ...groups].sort(byAge).map(({ shape }) => ({ ...shape, country: countryOf(shape.addresses) }));
}

/** The entries that are part of each group. */
function membersOf(entries: readonly Entry[]): ReadonlyMap<number, readonly Entry[]> {
  const members = new Map<number, Entry[]>();
  for (const entry of entries) {
    if (entry.partOf === undefined) continue;
    const group = members.get(entry.partOf) ?? [];
    group.push(entry);
    members.set(entry.partOf, group);
  }
  return members;
}

export function networkOf(what: string): Network {
  const network = parseNetwork(what);
  if (network) return network;
  throw new AppError('MISUSED', `"${what}" is no address or network`, 'write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48');
}
