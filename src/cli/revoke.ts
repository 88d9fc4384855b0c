/** tollgate revoke and tollgate unblock: end entries. */
import type { Command } from 'commander';
import type { EntryShape } from '../domain/shapes';
import type { ClosedShape } from '../gate/doors/closing';
import type { Act } from './act';
import { whatOf } from './entry-table';
import { given } from './given';
import { changing, together, type DryRun } from './options';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { undoHint } from './undo-hint';

/** More lines than this are no help; `tollgate log` has them all. */
const MOST_HINTS = 5;

export function addRevoke(program: Command, act: Act): void {
  const command = program
    .command('revoke')
    .description('close a door and end the calls through it')
    .argument('<what...>', 'what was let in, the id of an entry, or its name', together)
    .option('--admin', "also when it is the admin's own way in");
  changing(command).action(act((session, what: string, options: EndOptions) => end(session, 'revoke', what, options)));
}

export function addUnblock(program: Command, act: Act): void {
  const command = program
    .command('unblock')
    .description('end a block')
    .argument('<address...>', 'what was blocked, or the id of a block', together);
  changing(command).action(act((session, what: string, options: DryRun) => end(session, 'unblock', what, options)));
}

interface EndOptions extends DryRun {
  readonly admin?: boolean;
}

async function end(session: Session, verb: 'revoke' | 'unblock', what: string, options: EndOptions): Promise<Outcome> {
  const { dryRun, admin } = options;
  const operations = await session.operations();
  const result = await operations[verb]({ what, by: session.by, ...given({ dryRun, admin }) });
  const done = verb === 'revoke' ? 'closed' : 'unblocked';
  const closed = result.closed.map((entry) => say`${whatOf(entry)} ${dryRun ? 'would be' : 'is'} ${done}.`);
  const more = dryRun ? ['Nothing was changed.'] : await undoLines(session, result.closed);
  const calls = verb === 'revoke' && !dryRun ? callsText(result) : '';
  return { text: lines(...closed, calls, stillText(result, verb), ...more), json: result };
}

function callsText({ callsHungUp }: ClosedShape): string {
  if (callsHungUp === null) return 'Asterisk could not be told: calls from there may still be up (tollgate status).';
  return callsHungUp.length === 0 ? '' : `${count(callsHungUp.length, 'call')} hung up.`;
}

/** A door that another entry keeps open is not closed, whatever the admin thinks. */
function stillText({ stillOpenBy }: ClosedShape, verb: string): string {
  const state = verb === 'revoke' ? 'open' : 'blocked';
  return lines(
    ...stillOpenBy.map(
      (entry) => say`Still ${state} by entry ${entry.id}, ${whatOf(entry)}: tollgate ${verb} ${entry.id}`,
    ),
  );
}

async function undoLines(session: Session, closed: readonly EntryShape[]): Promise<string[]> {
  const hints = closed.slice(0, MOST_HINTS).map(({ id }) => undoHint(session, (line) => line.entry === id));
  return Promise.all(hints);
}
