/** Allow: opens the door for what the admin, or an import, names. */
import type { Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { AllowedShape, EntryShape } from '../../domain/shapes';
import type { Doors, Wanted } from './doors';
import type { AllowAsked } from './entries';
import { blocksInTheWay, sayGiveWay } from './give-way';
import { nameWanted, providerWanted } from '../names/names';
import { causeOf, entryOn, groupWanted, isRenewedBy, openWanted } from './open-group';
import type { Parts } from '../parts';
import { shapeOfEntry } from '../shape';
import { termsOf } from './terms';
import { refuseTooWideTogether } from './too-wide';
import { readWhat, textOf } from './what';

/** Tollgate's own blocks of it end in the same step; those that stay are told. */
export async function allow(parts: Parts, doors: Doors, asked: AllowAsked): Promise<AllowedShape> {
  const wanted = await allowWanted(parts, asked);
  const now = parts.clock.now();
  const networks = wanted.entries.map(({ network }) => network);
  const { giveWay, stay } = await blocksInTheWay(parts.store, networks, now);
  const { cause } = wanted;
  const all: Wanted = {
    ...wanted,
    cause: { ...cause, why: [cause.why, sayGiveWay(giveWay)].filter((sentence) => sentence !== undefined).join(' ') },
    replaces: async (records) => {
      const { superseded = [], ...more } = (await wanted.replaces?.(records)) ?? { closing: [] };
      const blocks = await blocksInTheWay(records, networks, now);
      return { ...more, superseded: [...superseded, ...blocks.giveWay] };
    },
  };
  const opened = await openWanted(doors, all, asked.dryRun);
  return { ...opened, unblocked: giveWay.map(shapeOfEntry), stillBlockedBy: stay.map(shapeOfBlock) };
}

/** A range is unblocked as a whole. */
function shapeOfBlock(block: Entry): EntryShape {
  return { ...shapeOfEntry(block), id: block.partOf ?? block.id };
}

/** Looked up and judged; nothing is changed. Rejects as `allow` does. */
export async function allowWanted(parts: Parts, asked: AllowAsked): Promise<Wanted> {
  const what = readWhat(asked.what);
  switch (what.kind) {
    case 'network':
      return networkWanted(parts, asked, what.network);
    case 'range':
      return rangeWanted(parts, asked, { text: textOf(what), networks: what.networks });
    case 'name':
      return nameWanted(parts, asked, what.host);
    case 'provider':
      return providerWanted(parts, asked, what.provider);
  }
}

async function networkWanted(parts: Parts, asked: AllowAsked, network: Network): Promise<Wanted> {
  const terms = termsOf(parts, asked);
  await refuseTooWideTogether(parts, [network], { ...terms, called: network });
  const isSame = (entry: Entry) =>
    entry.kind === 'allow' && entry.account === undefined && entry.partOf === undefined && isRenewedBy(terms, entry);
  return {
    entries: [entryOn(network, terms)],
    cause: causeOf(terms),
    replaces: async (records) => ({
      superseded: (await records.liveEntriesOn(network, terms.since)).filter(isSame),
      closing: [],
    }),
  };
}

interface Range {
  readonly text: string;
  readonly networks: readonly Network[];
}

async function rangeWanted(parts: Parts, asked: AllowAsked, { text, networks }: Range): Promise<Wanted> {
  const terms = termsOf(parts, asked);
  await refuseTooWideTogether(parts, networks, { ...terms, called: text });
  return groupWanted({ kind: 'range', what: text, entries: networks.map((each) => entryOn(each, terms)) }, terms);
}
