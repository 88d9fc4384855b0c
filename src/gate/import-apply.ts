/** Carries out what an import proposed. */
import type { NewEntry } from '../domain/entry';
import type { Live } from '../domain/live';
import type { ImportShape } from '../domain/shapes';
import { allow } from './allow';
import { tellOwners } from './announce';
import { block } from './block';
import type { Doors } from './doors';
import type { AllowAsked, Asked } from './entries';
import { shapeOfImport, type Proposal, type Wish } from './import';
import { entryOn } from './open-group';
import type { Parts } from './parts';
import { termsOf } from './terms';
import { isWideOutside, refuseTooWideTogether } from './too-wide';

interface Import {
  /** `plain`, `iptables`, `freepbx`, `asterisk`. */
  readonly origin: string;
  readonly proposals: readonly Proposal[];
}

/**
 * What is new is opened first, its networks in one step, then what is changed, and then what is gone is closed in one
 * step. Rejects when a step failed; the steps before it stay, and proposing again shows what is left. With `dryRun` the
 * proposals are only shown.
 */
export async function applyProposals(parts: Parts, doors: Doors, asked: Asked, given: Import): Promise<ImportShape> {
  const { origin, proposals } = given;
  if (asked.dryRun) return shapeOfImport(origin, proposals);
  const made = await openNetworks(parts, doors, asked, given);
  for (const proposal of proposals) {
    if (made.has(proposal) || (proposal.state !== 'new' && proposal.state !== 'changed')) continue;
    const { id } = await openOne(parts, doors, askedFor(proposal.wish, asked, origin), proposal.wish);
    made.set(proposal, id);
    if (proposal.state === 'changed' && proposal.there.id !== id) {
      await close(parts, doors, asked, [proposal.there], `Changed by import ${origin}.`);
    }
  }
  const gone = proposals.flatMap((proposal) => (proposal.state === 'gone' ? [proposal.there] : []));
  await close(parts, doors, asked, gone, `Import ${origin} no longer has it.`);
  return shapeOfImport(origin, proposals, made);
}

/** Each by itself is narrow enough. */
async function refusePieces(parts: Parts, origin: string, entries: readonly NewEntry[]): Promise<void> {
  const wide = entries.filter(({ network }) => isWideOutside(network));
  if (wide.length === 0) return;
  const services = [...new Set(wide.flatMap((entry) => entry.services))];
  await refuseTooWideTogether(
    parts,
    wide.map(({ network }) => network),
    { services, called: `what import ${origin} brings` },
  );
}

/** All new addresses and networks that are to be let in. */
async function openNetworks(parts: Parts, doors: Doors, asked: Asked, { origin, proposals }: Import) {
  const made = new Map<Proposal, number>();
  const wanted = proposals.flatMap((proposal) => {
    if (proposal.state !== 'new' || proposal.means.kind !== 'network' || proposal.wish.kind !== 'allow') return [];
    const entry = entryOn(proposal.means.network, termsOf(parts, askedFor(proposal.wish, asked, origin)));
    return [{ proposal, entry }];
  });
  if (wanted.length === 0) return made;
  await refusePieces(
    parts,
    origin,
    wanted.map(({ entry }) => entry),
  );
  const cause = { action: 'allow', by: asked.by, from: 'command', why: `Allowed by import ${origin}.` } as const;
  const opened = await doors.openAll({ entries: wanted.map(({ entry }) => entry) }, cause, () =>
    Promise.resolve({ superseded: [], closing: [] }),
  );
  wanted.forEach(({ proposal }, i) => made.set(proposal, opened.entries[i]?.id ?? 0));
  return made;
}

function openOne(parts: Parts, doors: Doors, asked: AllowAsked, { kind }: Wish) {
  return kind === 'block' ? block(parts, doors, asked) : allow(parts, doors, asked);
}

function askedFor({ what, services, until, name, note }: Wish, { by }: Asked, origin: string): AllowAsked {
  return {
    ...{ what, services, by, origin },
    ...(until !== 'forever' && { until: until.toISOString() }),
    ...(name !== undefined && { name }),
    ...(note !== undefined && { note }),
  };
}

/** Those that are still open: what was renewed has ended silently. */
async function close(parts: Parts, doors: Doors, { by }: Asked, those: readonly Live[], why: string): Promise<void> {
  const { store, clock } = parts;
  const stored = await Promise.all(
    those.map(async (each) => ('network' in each ? store.entry(each.id) : store.group(each.id))),
  );
  const open = stored.flatMap((each) => (each?.state === 'open' ? [each] : []));
  const groups = open.flatMap((each) => ('network' in each ? [] : [each]));
  const members = await Promise.all(groups.map(({ id }) => store.liveEntriesIn(id, clock.now())));
  const entries = [...open.flatMap((each) => ('network' in each ? [each] : [])), ...members.flat()];
  const cause = { action: 'revoke', by, from: 'command', why } as const;
  await doors.close(entries, cause, (records) => tellOwners(parts, records, entries, cause), groups);
}
