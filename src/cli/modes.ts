/** tollgate watch, guard, confirm and rollback: how strict the firewall is. */
import type { Command } from 'commander';
import { formatDuration } from '../domain/duration';
import type { ModeShape } from '../domain/shapes';
import type { Act } from './act';
import { given } from './given';
import { changing, duration, list, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';

interface GuardOptions extends DryRun {
  readonly within?: number;
  readonly admin?: string;
  readonly lose?: readonly string[];
  /** False when `--without-asterisk` was given. */
  readonly withoutAsterisk?: boolean;
}

export function addModes(program: Command, act: Act): void {
  changing(program.command('watch').description('decide, count and show everything, but drop only what is blocked')) //
    .action(act(watch));
  const guardCommand = program
    .command('guard')
    .description('close the guarded ports to all but entries, on trial until confirmed')
    .option('--within <duration>', 'the kernel goes back by itself unless confirmed within this (60s)', duration)
    .option('--admin <address>', 'where your own connection comes from (found by itself on SSH)')
    .option('--lose <peer>', 'a phone, trunk or address that may be cut off; repeatable; all', list)
    .option('--without-asterisk', 'guard although Asterisk does not tell who is registered and where it listens');
  changing(guardCommand).action(act(guard));
  changing(program.command('confirm').description('keep the mode that is on trial')).action(act(confirm));
  changing(program.command('rollback').description('leave the mode that is on trial')).action(act(rollback));
}

async function watch(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).watch({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(shape, dryRun, 'Mode watch: only blocks are dropped, everything else is counted and shown.');
}

async function guard(session: Session, options: GuardOptions): Promise<Outcome> {
  const { within: withinSeconds, dryRun, withoutAsterisk } = options;
  const adminAddress = options.admin ?? session.world.sshPeer();
  const asked = { by: session.by, lose: options.lose ?? [] };
  const more = given({ withinSeconds, adminAddress, withoutAsterisk, dryRun });
  const shape = await (await session.operations()).guard({ ...asked, ...more });
  if (!shape.trial) return modeOutcome(shape, dryRun, say`Mode ${shape.mode ?? 'none'} is in force already.`);
  const until = new Date(shape.trial.until);
  const left = formatDuration(Math.ceil((until.getTime() - session.world.now().getTime()) / 1000));
  const back = shape.mode ?? 'no mode';
  return modeOutcome(
    shape,
    dryRun,
    say`Mode ${shape.trial.mode} is on trial until ${session.times().exact(shape.trial.until)} (${left}); then the kernel itself goes back to ${back}.`,
    'Open another connection, make a call, and keep it with: tollgate confirm',
  );
}

async function confirm(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).confirm({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(shape, dryRun, say`Mode ${shape.mode ?? 'none'} is confirmed.`, 'Leave it with: tollgate watch');
}

async function rollback(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).rollback({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(shape, dryRun, say`The trial is over. Mode ${shape.mode ?? 'none'} is in force.`);
}

/** With `--dry-run` what would be sent, and else what is so now. */
export function modeOutcome(shape: ModeShape, dryRun: boolean | undefined, ...done: readonly string[]): Outcome {
  const sent = shape.lines.length > 0 ? shape.lines.map((line) => say`  ${line}`) : ['  nothing: it is so already'];
  const text = dryRun
    ? lines('Nothing was changed. This would be sent to the kernel:', ...sent, lostText(shape, 'would be'))
    : lines(...done, lostText(shape, 'is'));
  return { text, json: shape };
}

function lostText({ lost, unsure = [] }: ModeShape, verb: string): string {
  return lines(
    ...lost.map((peer) => say`Cut off ${verb}: ${peer}`),
    ...unsure.map(
      (peer) => say`Asterisk knows no address of ${peer}: let its provider in with "tollgate allow ADDRESS"`,
    ),
  );
}
