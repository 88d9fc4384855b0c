/** tollgate undo: takes one line of the journal back. */
import type { Command } from 'commander';
import type { Act } from './act';
import { whatOf } from './entry-table';
import { given } from './given';
import { amount, changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';

export function addUndo(program: Command, act: Act): void {
  const command = program
    .command('undo')
    .description('take one line of the journal back')
    .argument('<id>', 'the number of the line, as tollgate log shows it', amount);
  changing(command).action(act(undo));
}

async function undo(session: Session, id: number, { dryRun }: DryRun): Promise<Outcome> {
  const undone = await (await session.operations()).undo({ id, by: session.by, ...given({ dryRun }) });
  const is = dryRun ? 'would be' : 'is';
  const opened = undone.opened.map(
    (entry) => say`${whatOf(entry)} ${is} ${entry.kind === 'block' ? 'blocked' : 'open'} again.`,
  );
  const closed = undone.closed.map(
    (entry) => say`${whatOf(entry)} ${is} ${entry.kind === 'block' ? 'unblocked' : 'closed'}.`,
  );
  const first = dryRun ? `Nothing was changed. Line ${id} can be undone:` : say`${undone.undid}`;
  return { text: lines(first, ...opened, ...closed), json: undone };
}
