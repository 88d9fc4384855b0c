/** Carries out what an import proposed: all of it in one step, or nothing. */
import type { NewEntry } from '../../domain/entry';
import { kindOf, type Live } from '../../domain/live';
import type { ImportShape } from '../../domain/shapes';
import type { Records } from '../../domain/store';
import { AppError } from '../../errors';
import { tellOwners } from '../announce';
import type { Doors, Leaving, Opening, Step, Wanted } from '../doors/doors';
import type { Asked } from '../doors/entries';
import { automaticBlocksOver } from '../doors/give-way';
import { shapeOfImport, type Proposal } from './import';
import { plannedFor } from './import-plan';
import type { Parts } from '../parts';
import { isWideOutside, refuseTooWideTogether } from '../doors/too-wide';

interface Import {
  /** `plain`, `iptables`, `freepbx`, `asterisk`. */
  readonly origin: string;
  readonly proposals: readonly Proposal[];
}

/**
 * A name that DNS does not tell now is refused, with the reason, and all else is done; while DNS does not answer for one,
 * nothing is closed: it may stand for what is gone. Whatever else cannot be, and a store or a kernel that says no,
 * rejects with nothing changed. With `dryRun` the proposals are only shown.
 */
export async function applyProposals(parts: Parts, doors: Doors, asked: Asked, given: Import): Promise<ImportShape> {
  const { origin } = given;
  if (asked.dryRun) return shapeOfImport(origin, given.proposals);
  const planned = await plannedFor(parts, asked, given);
  const opening = planned.flatMap(({ proposal, wanted }) => (wanted ? [{ proposal, wanted }] : []));
  const proposals = planned.map(({ proposal }) => proposal);
  const gone = proposals.flatMap((each) => (each.state === 'gone' ? [each.there] : []));
  const wanted = opening.map((each) => each.wanted);
  await refusePieces(parts, origin, wanted);
  const openings = await changeAll(doors, origin, {
    wanted,
    leaves: async (records) => [
      ...(await leavingOf(parts, records, gone, { by: asked.by, origin })),
      ...(await givingWay(parts, records, wanted, { by: asked.by, origin })),
    ],
  });
  const made = new Map(opening.map(({ proposal }, i) => [proposal, idOf(openings[i])]));
  return shapeOfImport(origin, proposals, made);
}

function idOf(opening: Opening | undefined): number {
  return (opening?.group ?? opening?.entries[0])?.id ?? 0;
}

async function changeAll(doors: Doors, origin: string, step: Step): Promise<readonly Opening[]> {
  try {
    return await doors.change(step);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `nothing of import ${origin} was carried out: ${error.what}`, error.hint, error);
  }
}

/** Each by itself is narrow enough. */
async function refusePieces(parts: Parts, origin: string, wanted: readonly Wanted[]): Promise<void> {
  const isWide = ({ kind, network }: NewEntry) => kind === 'allow' && isWideOutside(network);
  const wide = wanted.flatMap(({ entries }) => entries.filter(isWide));
  if (wide.length === 0) return;
  const services = [...new Set(wide.flatMap((entry) => entry.services))];
  await refuseTooWideTogether(
    parts,
    wide.map(({ network }) => network),
    { services, called: `what import ${origin} brings` },
  );
}

/** Those that are still open. */
async function leavingOf(
  parts: Parts,
  records: Records,
  gone: readonly Live[],
  { by, origin }: { readonly by: string; readonly origin: string },
): Promise<readonly Leaving[]> {
  const leaving: Leaving[] = [];
  for (const there of gone) {
    const entry = 'network' in there ? await records.entry(there.id) : undefined;
    const group = 'network' in there ? undefined : await records.group(there.id);
    if ((entry ?? group)?.state !== 'open') continue;
    const entries = group ? await records.liveEntriesIn(group.id, parts.clock.now()) : [entry ?? []].flat();
    const action = kindOf(there) === 'block' ? 'unblock' : 'revoke';
    const cause = { action, by, from: 'command', why: `Import ${origin} no longer has it.`, origin } as const;
    const tell = (of: Records) => tellOwners(parts, of, entries, cause);
    leaving.push({ entries, groups: [group ?? []].flat(), cause, tell });
  }
  return leaving;
}

/** What Tollgate itself had blocked of what comes. */
async function givingWay(
  { clock }: Parts,
  records: Records,
  wanted: readonly Wanted[],
  { by, origin }: { readonly by: string; readonly origin: string },
): Promise<readonly Leaving[]> {
  const coming = wanted.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'allow');
  const networks = [...new Set(coming.map(({ network }) => network))];
  const entries = await automaticBlocksOver(records, networks, clock.now());
  if (entries.length === 0) return [];
  const why = `Import ${origin} lets it in.`;
  return [{ entries, cause: { action: 'unblock', by, from: 'command', why, origin } }];
}
