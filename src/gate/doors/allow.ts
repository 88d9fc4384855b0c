/** Allow: opens the door for what the admin, or an import, names. */
import type { Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { EntryShape } from '../../domain/shapes';
import type { Doors, Wanted } from './doors';
import type { AllowAsked } from './entries';
import { nameWanted, providerWanted } from '../names/names';
import { causeOf, entryOn, groupWanted, isRenewedBy, openWanted } from './open-group';
import type { Parts } from '../parts';
import { termsOf } from './terms';
import { refuseTooWideTogether } from './too-wide';
import { readWhat, textOf } from './what';

export async function allow(parts: Parts, doors: Doors, asked: AllowAsked): Promise<EntryShape> {
  return openWanted(doors, await allowWanted(parts, asked), asked.dryRun);
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
