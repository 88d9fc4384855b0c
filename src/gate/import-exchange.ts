/** Imports from the telephone system itself: FreePBX's database, or a running Asterisk. */
import type { LeftOut } from '../domain/far-ends';
import { farEndsOf, type FarEnd, type Known } from '../domain/far-ends';
import { mentionsIn } from '../domain/freepbx-rows';
import type { ImportShape } from '../domain/shapes';
import { AppError, type Code } from '../errors';
import type { Doors } from './doors';
import type { Asked } from './entries';
import { propose, shapeOfImport, type Proposal, type Wish } from './import';
import { applyProposals } from './import-apply';
import { withOthers } from './import-others';
import type { Parts } from './parts';

export type ExchangeOrigin = 'freepbx' | 'asterisk';

/** Held against what is open. Changes nothing. */
export async function proposeKnown(
  parts: Parts,
  origin: ExchangeOrigin,
  { mentions, leftOut }: Known,
): Promise<readonly Proposal[]> {
  const ends = farEndsOf(mentions);
  const proposals = await propose(parts, origin, ends.found.map(wishOf), parts.sharedAs);
  return [...(await withOthers(parts, origin, proposals)), ...[...ends.leftOut, ...leftOut].map(unusable)];
}

/** undefined: there is no FreePBX here. Rejects with EXCHANGE_FAILED or MISUSED. */
export async function knownToFreepbx({ exchange }: Parts, database?: string): Promise<Known | undefined> {
  const tables = await exchange.read(database);
  if (!tables) return undefined;
  if (tables.trunks.length + tables.devices.length > 0) return mentionsIn(tables);
  // Half restored, or the wrong one: everything that was imported would be taken for gone.
  const hint = 'is it the right database, and whole? Nothing was changed';
  throw new AppError('EXCHANGE_FAILED', "FreePBX's database has neither a trunk nor an extension", hint);
}

/** As many characters as an entry's note may have. */
const MOST_NOTE = 200;

function wishOf({ what, services, reasons }: FarEnd): Wish {
  const why = reasons.join('; ');
  const note = why.length > MOST_NOTE ? `${why.slice(0, MOST_NOTE - 1).replace(/[\ud800-\udbff]$/, '')}…` : why;
  return { kind: 'allow', what, services, until: 'forever', note, why };
}

function unusable({ of, why }: LeftOut): Proposal {
  const hint = 'if it is to come in: tollgate allow ADDRESS';
  return { state: 'refused', what: of, services: [], name: undefined, why, hint };
}

/** A name of which DNS tells nothing must not keep out the others. */
const OF_ONE_NAME: readonly Code[] = ['DNS_FAILED', 'NOT_FOUND', 'REFUSED'];

/**
 * Carries out all that can be. A name that cannot be opened now is refused, with the reason; while DNS does not answer
 * for one, nothing is closed: it may stand for what is gone.
 */
export async function applyKnown(
  parts: Parts,
  doors: Doors,
  asked: Asked,
  { origin, proposals }: { readonly origin: ExchangeOrigin; readonly proposals: readonly Proposal[] },
): Promise<ImportShape> {
  if (asked.dryRun) return shapeOfImport(origin, proposals);
  const made = new Map<Proposal, number>();
  const results = new Map<Proposal, Proposal>();
  const carryOut = async (those: readonly Proposal[]) => {
    const { proposals: shapes } = await applyProposals(parts, doors, asked, { origin, proposals: those });
    those.forEach((proposal, i) => made.set(proposal, shapes[i]?.entry ?? 0));
  };
  const isName = (each: Proposal) => (each.state === 'new' || each.state === 'changed') && each.means.kind === 'name';
  await carryOut(proposals.filter((each) => (each.state === 'new' || each.state === 'changed') && !isName(each)));
  let isDnsDown = false;
  for (const proposal of proposals.filter(isName)) {
    try {
      await carryOut([proposal]);
    } catch (error) {
      if (!(error instanceof AppError) || !OF_ONE_NAME.includes(error.code)) throw error;
      isDnsDown ||= error.code === 'DNS_FAILED';
      results.set(proposal, refused(proposal, error));
    }
  }
  const gone = proposals.filter(({ state }) => state === 'gone');
  if (!isDnsDown) await carryOut(gone);
  else for (const proposal of gone) results.set(proposal, refused(proposal, WAITING));
  const done = proposals.map((proposal) => results.get(proposal) ?? proposal);
  return shapeOfImport(origin, done, made);
}

const WAITING = { what: 'it stays open while DNS does not answer', hint: 'import again when it does' };

function refused({ what, services, name, why }: Proposal, fault: Pick<AppError, 'what' | 'hint'>): Proposal {
  return { state: 'refused', what, services, name, why: `${why}: ${fault.what}`, hint: fault.hint };
}
