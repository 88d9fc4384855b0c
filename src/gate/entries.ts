/** The admin's doors: what is asked for them, block, list. */
import type { Entry, Group, NewEntry } from '../domain/entry';
import {
  around,
  covers,
  familyOf,
  isSingle,
  parseNetwork,
  prefixOf,
  type Family,
  type Network,
} from '../domain/network';
import type { EntryShape } from '../domain/shapes';
import { AppError } from '../errors';
import type { Doors } from './doors';
import type { Parts } from './parts';
import { shapeOfEntry, shapeOfGroup } from './shape';
import { refuseTooLong, untilOf } from './terms';

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
/** Wider than this is a mistake, or the whole Internet in pieces. */
const WIDEST: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };

export async function block(parts: Parts, doors: Doors, asked: BlockAsked): Promise<EntryShape> {
  const given = networkOf(asked.what);
  refuseTooWide(given);
  refuseTooLong('note', asked.note);
  const network = familyOf(given) === 6 && isSingle(given) ? around(given, parts.rules.ipv6BlockPrefix) : given;
  const own = parts.ownAddresses().find((address) => covers(network, address));
  if (own)
    throw new AppError('REFUSED', `${network} holds this machine's own address ${own}`, 'block a narrower network');
  const wanted: NewEntry = {
    ...blank(parts, asked, network),
    kind: 'block',
    services: [],
    until: untilOf(parts, asked),
    name: undefined,
    note: asked.note,
    ...(asked.origin !== undefined && { origin: asked.origin }),
  };
  const why = asked.note ?? 'Blocked by the admin.';
  return open(parts, doors, asked, wanted, (entry) => entry.kind === 'block', { action: 'block', why });
}

export async function list(parts: Parts): Promise<EntryShape[]> {
  const now = parts.clock.now();
  const entries = await parts.store.liveEntries(now);
  const single = entries
    .filter(({ partOf }) => partOf === undefined)
    .map((entry) => ({ entry, shape: shapeOfEntry(entry) }));
  const groups = (await parts.store.liveGroups(now)).map((group) => ({
    entry: group,
    shape: shapeOfGroup(
      group,
      entries.filter(({ partOf }) => partOf === group.id),
    ),
  }));
  const byAge = (a: { entry: Entry | Group }, b: { entry: Entry | Group }) =>
    a.entry.since.getTime() - b.entry.since.getTime() || a.entry.id - b.entry.id;
  return [...single, ...groups].sort(byAge).map(({ shape }) => shape);
}

async function open(
  parts: Parts,
  doors: Doors,
  asked: Asked,
  wanted: NewEntry,
  replaces: (entry: Entry) => boolean,
  line: { readonly action: 'allow' | 'block'; readonly why: string },
): Promise<EntryShape> {
  if (asked.dryRun) return shapeOfEntry({ ...wanted, id: 0, provedAt: undefined, state: 'open' });
  const cause = { ...line, by: asked.by, from: 'command' };
  const opened = await doors.open(wanted, cause, async (records) => {
    const there = await records.liveEntriesOn(wanted.network, parts.clock.now());
    return { superseded: there.filter(replaces), closing: [] };
  });
  return shapeOfEntry(opened.entry);
}

export function networkOf(what: string): Network {
  const network = parseNetwork(what);
  if (network) return network;
  throw new AppError('MISUSED', `"${what}" is no address or network`, 'write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48');
}

export function refuseTooWide(network: Network): void {
  const widest = WIDEST[familyOf(network)];
  if (prefixOf(network) >= widest) return;
  throw new AppError(
    'REFUSED',
    `${network} is wider than /${widest}`,
    'a door that wide is no door: name smaller networks',
  );
}

function blank(parts: Parts, asked: Asked & { readonly what: string }, network: Network) {
  const since = parts.clock.now();
  return { what: asked.what, network, account: undefined, by: asked.by, since, state: 'opening' } as const;
}
