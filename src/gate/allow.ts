/** Allow: opens the door for what the admin, or an import, names. */
import type { Entry } from '../domain/entry';
import type { Network } from '../domain/network';
import type { EntryShape } from '../domain/shapes';
import type { Doors } from './doors';
import type { AllowAsked } from './entries';
import { allowName, allowProvider } from './names';
import { causeOf, entryOn, isRenewedBy, openGroup } from './open-group';
import type { Parts } from './parts';
import { shapeOfEntry } from './shape';
import { termsOf } from './terms';
import { refuseTooWideTogether } from './too-wide';
import { readWhat, textOf } from './what';

export async function allow(parts: Parts, doors: Doors, asked: AllowAsked): Promise<EntryShape> {
  const what = readWhat(asked.what);
  switch (what.kind) {
    case 'network':
      return allowNetwork(parts, doors, asked, what.network);
    case 'range':
      return allowRange(parts, doors, asked, { text: textOf(what), networks: what.networks });
    case 'name':
      return allowName(parts, doors, asked, what.host);
    case 'provider':
      return allowProvider(parts, doors, asked, what.provider);
  }
}

async function allowNetwork(parts: Parts, doors: Doors, asked: AllowAsked, network: Network): Promise<EntryShape> {
  const terms = termsOf(parts, asked);
  await refuseTooWideTogether(parts, [network], { ...terms, called: network });
  const wanted = entryOn(network, terms);
  if (asked.dryRun) return shapeOfEntry({ ...wanted, id: 0, provedAt: undefined, state: 'open' });
  const isSame = (entry: Entry) =>
    entry.kind === 'allow' && entry.account === undefined && entry.partOf === undefined && isRenewedBy(terms, entry);
  const opened = await doors.open(wanted, causeOf(terms), async (records) => ({
    superseded: (await records.liveEntriesOn(network, terms.since)).filter(isSame),
    closing: [],
  }));
  return shapeOfEntry(opened.entry);
}

interface Range {
  readonly text: string;
  readonly networks: readonly Network[];
}

async function allowRange(parts: Parts, doors: Doors, asked: AllowAsked, { text, networks }: Range) {
  const terms = termsOf(parts, asked);
  await refuseTooWideTogether(parts, networks, { ...terms, called: text });
  const entries = networks.map((network) => entryOn(network, terms));
  return openGroup(doors, { kind: 'range', what: text, entries }, terms, asked.dryRun);
}
