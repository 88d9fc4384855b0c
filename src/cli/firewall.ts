/** tollgate firewall: what the kernel holds of ours. */
import type { Command } from 'commander';
import { formatDuration } from '../domain/duration';
import type { Member } from '../domain/firewall';
import type { Act } from './act';
import { given } from './given';
import { modeOutcome } from './mode-outcome';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

export function addFirewall(program: Command, act: Act): void {
  const firewall = program.command('firewall').description('what the kernel holds of ours');
  firewall.command('show').description('our rules and the members of our sets').action(act(show));
  changing(firewall.command('apply').description('make the kernel hold what Tollgate remembers')).action(act(apply));
  changing(
    firewall
      .command('restore')
      .description('bring back what is saved for a reboot, as the unit does before the network'),
  ).action(act(restore));
  changing(
    firewall.command('remove').description('take everything of ours out of the kernel; Tollgate keeps its entries'),
  ).action(act(remove));
}

async function show(session: Session): Promise<Outcome> {
  const shape = await (await session.operations()).firewallShow({});
  if (shape.rules.length === 0) {
    return { text: 'Nothing of ours is in the kernel.\n  → tollgate init', json: shape };
  }
  const heads = ['SET', 'NETWORK', 'LEFT', 'PACKETS'].map((head) => ({ head }));
  const members = (shape.members as readonly Member[]).map((member): Cell[] => [
    member.set,
    member.network,
    // over the control socket an absent field is absent, in the process it may be null
    typeof member.secondsLeft === 'number' ? formatDuration(member.secondsLeft) : 'for good',
    String(member.packets),
  ]);
  const sets = members.length > 0 ? table(session.screen, heads, members) : 'No set has a member.';
  return { text: lines(...shape.rules.map((rule) => say`${rule}`), `\n${sets}`), json: shape };
}

async function apply(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).firewallApply({ by: session.by, ...given({ dryRun }) });
  const sent = shape.lines.length;
  return modeOutcome(
    shape,
    dryRun,
    sent === 0 ? 'The kernel holds it all already.' : `${count(sent, 'line')} sent to the kernel; it holds it all now.`,
  );
}

async function restore(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).firewallRestore({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(shape, dryRun, shape.lines.map((line) => say`${line}`).join('\n'));
}

async function remove(session: Session, { dryRun }: DryRun): Promise<Outcome> {
  const shape = await (await session.operations()).firewallRemove({ by: session.by, ...given({ dryRun }) });
  return modeOutcome(
    shape,
    dryRun,
    'Nothing of ours is in the kernel any more: every door is as open as your own rules leave it.',
    'Put it back with: tollgate init',
  );
}
