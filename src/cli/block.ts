/** tollgate block: drops an address before everything else. */
import type { Command } from 'commander';
import type { Act } from './act';
import { changeText } from './allow';
import { someOf, whatOf } from './entry-table';
import { given } from './given';
import { changing, duration, together, type DryRun } from './options';
import type { Outcome } from './outcome';
import { say } from './say';
import type { Session } from './session';

interface Options extends DryRun {
  readonly for?: number;
  readonly note?: string;
}

export function addBlock(program: Command, act: Act): void {
  const command = program
    .command('block')
    .description('drop everything from an address, a network or a range, in every mode')
    .argument('<address...>', 'address, network or range', together)
    .option('--for <duration>', 'until 90m, 8h, 3d, 2w from now (until unblocked)', duration)
    .option('--note <text>', 'why, for those who read the list');
  changing(command).action(act(block));
}

async function block(session: Session, what: string, options: Options): Promise<Outcome> {
  const { for: seconds, note, dryRun } = options;
  const entry = await (await session.operations()).block({ what, by: session.by, ...given({ seconds, note, dryRun }) });
  const end = entry.until === null ? 'until it is unblocked' : session.times().end(entry.until);
  const addresses = someOf(entry.addresses);
  const wider = addresses === entry.what ? '' : ` (${addresses})`;
  const blocked = say`${whatOf(entry)}${wider} ${options.dryRun ? 'would be' : 'is'} blocked, ${end}.`;
  return { text: await changeText(session, blocked, entry, options), json: entry };
}
