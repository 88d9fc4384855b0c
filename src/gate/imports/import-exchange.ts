/** Imports from the telephone system itself: FreePBX's database, or a running Asterisk. */
import type { LeftOut } from '../../domain/far-ends';
import { farEndsOf, type FarEnd, type Known } from '../../domain/far-ends';
import { mentionsIn } from '../../domain/freepbx-rows';
import { AppError } from '../../errors';
import { propose, type Proposal, type Wish } from './import';
import { withOthers } from './import-others';
import type { Parts } from '../parts';

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
