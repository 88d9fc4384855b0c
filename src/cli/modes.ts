/** tollgate watch, confirm and rollback: what is kept of how strict the firewall is. */
import type { Command } from 'commander';
import type { ModeShape } from '../domain/shapes';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import { modeOutcome } from './mode-outcome';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { addStricter } from './stricter';

interface ConfirmOptions extends DryRun {
  readonly here?: boolean;
}

export function addModes(program: Command, act: Act): void {
  changing(program.command('watch').description('decide, count and show everything, but drop only what is blocked')) //
    .action(act(watch));
  addStricter(program, act);
  const keep = program
    .command('confirm')
    .description('keep the mode that is on trial, from a connection that was made under its rules')
    .option('--here', "typed on the machine's own console");
  changing(keep).action(act(confirm));
  changing(program.command('rollback').description('leave the mode that is on trial')).action(act(rollback));
}

async function watch(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).watch({ by: session.by, ...given({ dryRun }) });
  const done = 'Mode watch: only blocks are dropped, everything else is counted and shown.';
  return modeOutcome(shape, dryRun, done, ...(['guard', 'secure'] as const).map((mode) => wouldLoseText(shape, mode)));
}

/** Names of more are no help; `--json` has them all. */
const MOST_NAMED = 20;

function wouldLoseText({ wouldLose }: ModeShape, mode: 'guard' | 'secure'): string {
  if (!wouldLose) return '';
  const who = wouldLose[mode];
  if (who.length === 0) return `${mode} would cut off nobody who was heard in the last day or is connected now.`;
  const more = who.length > MOST_NAMED ? [`  and ${who.length - MOST_NAMED} more`] : [];
  const head = `${mode} would cut off ${count(who.length, 'peer')} heard in the last day or connected now:`;
  return lines(head, ...who.slice(0, MOST_NAMED).map((each) => say`  ${each}`), ...more);
}

async function confirm(session: Session, { dryRun, here }: ConfirmOptions): Promise<Outcome> {
  const asked = { by: session.by, ...given({ dryRun, here, ssh: session.world.ssh() }) };
  const shape = await (await session.operations()).confirm(asked);
  return modeOutcome(shape, dryRun, say`Mode ${shape.mode ?? 'none'} is confirmed.`, 'Leave it with: tollgate watch');
}

async function rollback(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).rollback({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(shape, dryRun, say`The trial is over. Mode ${shape.mode ?? 'none'} is in force.`);
}
