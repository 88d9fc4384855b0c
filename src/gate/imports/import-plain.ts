/** Import plain: brings what is open to a list that people keep. */
import { readPlainList, type PlainLine } from '../../domain/plain-list';
import type { ImportShape } from '../../domain/shapes';
import { AppError } from '../../errors';
import type { Doors } from '../doors/doors';
import type { Asked } from '../doors/entries';
import { propose, type Proposal, type Wish } from './import';
import { applyProposals } from './import-apply';
import type { Parts } from '../parts';
import { DEFAULT_SERVICES } from '../doors/terms';

const ORIGIN = 'plain';

export interface ImportAsked extends Asked {
  /** The whole list. */
  readonly text: string;
}

/** With `dryRun` only proposed. Rejects with MISUSED, naming every line that cannot be, with nothing changed. */
export async function importPlain(parts: Parts, doors: Doors, asked: ImportAsked): Promise<ImportShape> {
  const { lines, faults } = readPlainList(asked.text);
  const proposals = await propose(parts, ORIGIN, lines.filter(({ account }) => account === undefined).map(wishOf));
  const refused = proposals.flatMap(({ state, why }) => (state === 'refused' ? [why] : []));
  refuseFaults([...faults.map(({ line, what }) => `line ${line}: ${what}`), ...refused]);
  const leases = lines.filter(({ account }) => account !== undefined).map(leftAlone);
  return applyProposals(parts, doors, asked, { origin: ORIGIN, proposals: [...proposals, ...leases] });
}

function wishOf({ line, kind, what, services = DEFAULT_SERVICES, until, name, note }: PlainLine): Wish {
  const more = { ...(name !== undefined && { name }), ...(note !== undefined && { note }) };
  return { kind, what, services, until, ...more, why: `line ${line}` };
}

function leftAlone({ line, what, services = [], account = '' }: PlainLine): Proposal {
  const why = `line ${line}: the telephone opens and ends what account ${account} has`;
  return { state: 'same', what, services, name: undefined, why, there: undefined };
}

const MOST_TOLD = 50;

function refuseFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const inOrder = [...faults].sort((a, b) => numberIn(a) - numberIn(b));
  const more = faults.length > MOST_TOLD ? [`and ${faults.length - MOST_TOLD} more`] : [];
  const happened = ['the list cannot be taken as it is', ...inOrder.slice(0, MOST_TOLD), ...more].join('\n');
  throw new AppError('MISUSED', happened, 'mend these lines; nothing was changed');
}

function numberIn(fault: string): number {
  return Number(/^line (\d+)/.exec(fault)?.[1] ?? 0);
}
