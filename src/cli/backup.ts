/** tollgate backup: the states before each change of rules, and the way back to one. */
import type { Command } from 'commander';
import type { EntryShape } from '../domain/shapes';
import type { Act } from './act';
import { whatOf } from './entry-table';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { table } from './table';

export function addBackup(program: Command, act: Act): void {
  const backup = program.command('backup').description('the firewall as it was before each change of its rules');
  backup.command('list').description('what is saved, newest first').action(act(list));
  const restoring = backup
    .command('restore')
    .description('bring back the mode and the entries of a backup; never to a stricter mode')
    .argument('<id>', 'as tollgate backup list shows it');
  changing(restoring).action(act(restore));
}

async function list(session: Session): Promise<Outcome> {
  const backups = await (await session.operations()).backupList({});
  if (backups.length === 0) return { text: 'Nothing is saved yet: no rule was ever changed.', json: backups };
  const heads = ['ID', 'WHEN', 'MODE', 'OPEN', 'WHY'].map((head) => ({ head }));
  const rows = backups.map(({ id, at, mode, open, why }) => [
    id,
    session.times().exact(at),
    mode ?? '-',
    String(open),
    say`${why}`,
  ]);
  const hint = 'Bring one back with: tollgate backup restore ID --dry-run';
  return { text: lines(table(session.screen, heads, rows), hint), json: backups };
}

async function restore(session: Session, id: string, { dryRun }: DryRun): Promise<Outcome> {
  const asked = { id, by: session.by, ...given({ dryRun, ssh: session.world.ssh() }) };
  const restored = await (await session.operations()).backupRestore(asked);
  const { backup, mode, opened, closed, kept, left, over } = restored;
  const is = dryRun ? 'would be' : 'is';
  const which = say`Backup ${backup.id} of ${session.times().exact(backup.at)}`;
  const each = (entries: readonly EntryShape[], word: string, blocked: string) =>
    entries.map((entry) => say`${whatOf(entry)} ${is} ${entry.kind === 'block' ? blocked : word}.`);
  const text = lines(
    dryRun ? `Nothing was changed. ${which} can be restored: mode ${mode}.` : `${which} is restored: mode ${mode}.`,
    ...each(opened, 'open again', 'blocked again'),
    ...each(closed, 'closed', 'unblocked'),
    ...kept.map((entry) => say`${whatOf(entry)} was opened since and stays: it is a way in of the admin's own.`),
    ...(over > 0
      ? [`${count(over, 'lease')} would have ended by now and ${over === 1 ? 'stays' : 'stay'} closed.`]
      : []),
    ...left.map((sentence) => session.screen.colours.dim(say`${sentence}`)),
  );
  return { text, json: restored };
}
