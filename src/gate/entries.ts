/** The admin's doors: allow, block, list. */
import { nearest } from '../domain/nearest';
import type { Entry, Group, NewEntry, Until } from '../domain/entry';
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
import { serviceNames } from '../domain/service';
import type { EntryShape } from '../domain/shapes';
import { AppError } from '../errors';
import type { Doors } from './doors';
import type { Parts } from './parts';
import { shapeOfEntry, shapeOfGroup } from './shape';

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
}
export interface BlockAsked extends Asked {
  readonly what: string;
  readonly seconds?: number;
  readonly note?: string;
}
/** Wider than this is a mistake, or the whole Internet in pieces. */
const WIDEST: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };
const DEFAULT_SERVICES = ['phone'];

export async function allow(parts: Parts, doors: Doors, asked: AllowAsked): Promise<EntryShape> {
  const network = networkOf(asked.what);
  refuseTooWide(network);
  const services = asked.services ?? DEFAULT_SERVICES;
  refuseUnknown(services, serviceNames(parts.services));
  refuseTooLong('name', asked.name);
  refuseTooLong('note', asked.note);
  const wanted: NewEntry = {
    ...blank(parts, asked, network),
    kind: 'allow',
    services,
    until: untilOf(parts, asked),
    name: asked.name,
    note: asked.note,
  };
  const same = (entry: Entry) =>
    entry.kind === 'allow' &&
    entry.account === undefined &&
    [...entry.services].sort().join() === [...services].sort().join();
  return open(parts, doors, asked, wanted, same, { action: 'allow', why: `Allowed for ${services.join(', ')}.` });
}

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

function refuseTooWide(network: Network): void {
  const widest = WIDEST[familyOf(network)];
  if (prefixOf(network) >= widest) return;
  throw new AppError(
    'REFUSED',
    `${network} is wider than /${widest}`,
    'a door that wide is no door: name smaller networks',
  );
}

/** In characters; what people write is shown in tables and mails, and is never cut on its way into the store. */
const LONGEST_TEXT = 200;

export function refuseTooLong(what: string, text: string | undefined): void {
  if (text === undefined || text.length <= LONGEST_TEXT) return;
  const happened = `the ${what} is ${text.length} characters long`;
  throw new AppError('MISUSED', happened, `write at most ${LONGEST_TEXT}`);
}

/** A typo proposes the nearest known name. */
export function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const proposal = near ? `did you mean "${near}"? ` : '';
  throw new AppError('MISUSED', `there is no service "${unknown}"`, `${proposal}known are ${known.join(', ')}`);
}

function blank(parts: Parts, asked: Asked & { readonly what: string }, network: Network) {
  const since = parts.clock.now();
  return { what: asked.what, network, account: undefined, by: asked.by, since, state: 'opening' } as const;
}

function untilOf(parts: Parts, asked: { readonly seconds?: number; readonly until?: string }): Until {
  const now = parts.clock.now();
  if (asked.until !== undefined) {
    const until = new Date(asked.until);
    if (until.getTime() > now.getTime()) return until;
    throw new AppError(
      'MISUSED',
      `"${asked.until}" is not a moment to come`,
      'write --until 2030-01-31T18:00 or --for 8h',
    );
  }
  return asked.seconds === undefined ? 'forever' : new Date(now.getTime() + asked.seconds * 1000);
}
