/** tollgate allow: opens a door. */
import { Option, type Command } from 'commander';
import type { EntryShape } from '../domain/shapes';
import type { Act } from './act';
import { ownerOf, someOf, whatOf } from './entry-table';
import { given } from './given';
import { readMoment } from './moment';
import { changing, duration, list, together, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { undoHint } from './undo-hint';

interface Options extends DryRun {
  readonly service?: readonly string[];
  readonly for?: number;
  readonly until?: string;
  readonly forever?: boolean;
  readonly name?: string;
  readonly note?: string;
}

const WHAT =
  'as 192.0.2.7, 192.0.2.0/24, "192.0.2.0 255.255.255.0", 192.0.2.10-20, 2001:db8::/48, office.example.com, callcentric';

export function addAllow(program: Command, act: Act): void {
  const command = program
    .command('allow')
    .description('open the door for an address, a network, a range, a name or a provider')
    .argument('<what...>', WHAT, together)
    .option('--service <names>', 'only these services, with commas: sip, iax, rtp, ssh, web, all … (phone)', list)
    .addOption(
      new Option('--for <duration>', 'close by itself after 90m, 8h, 3d, 2w')
        .argParser(duration)
        .conflicts(['until', 'forever']),
    )
    .addOption(
      new Option(
        '--until <date>',
        'close by itself then: 2026-12-24 (that day included) or "2026-12-24 18:00"',
      ).conflicts('forever'),
    )
    .option('--forever', 'for good, which it is unless told')
    .option('--name <name>', 'a name to revoke it by')
    .option('--note <text>', 'why, for those who read the list');
  changing(command).action(act(allow));
}

async function allow(session: Session, what: string, options: Options): Promise<Outcome> {
  const until =
    options.until === undefined ? undefined : readMoment(options.until, session.times().zone, 'end').toISOString();
  const { service: services, for: seconds, name, note, dryRun } = options;
  const asked = { what, by: session.by, ...given({ services, seconds, until, name, note, dryRun }) };
  const entry = await (await session.operations()).allow(asked);
  const opened = say`${whatOf(entry)} ${options.dryRun ? 'would be' : 'is'} open for ${entry.services.join(', ')}, ${session.times().end(entry.until)}.`;
  const stands =
    entry.addresses.length > 1 || entry.kind === 'name' ? say`It stands for ${someOf(entry.addresses)}.` : '';
  const unblocked = entry.unblocked.map(
    (block) => say`${whatOf(block)} ${options.dryRun ? 'would be' : 'is'} unblocked.`,
  );
  const blocked = entry.stillBlockedBy.map(
    (block) => say`But blocked by entry ${block.id}, ${whatOf(block)}: tollgate unblock ${block.id}`,
  );
  const told = lines(opened, stands, hostBitsText(what, entry), ...unblocked, ...blocked);
  return { text: await changeText(session, told, entry, options), json: entry };
}

/** Who writes 192.0.2.7/24 may have meant one address, and has opened 256. */
function hostBitsText(typed: string, { kind, what }: EntryShape): string {
  const [address = '', length] = typed.split('/');
  if (kind !== 'network' || length === undefined || what.split('/')[0] === address.toLowerCase()) return '';
  return say`That is the whole network around ${address}; for the one address: tollgate allow ${address}`;
}

/** What was done to one entry, and how to take it back. */
export async function changeText(
  session: Session,
  done: string,
  entry: EntryShape,
  { dryRun }: DryRun,
): Promise<string> {
  if (dryRun) return lines(done, 'Nothing was changed.');
  const id = say`entry ${entry.id}, by ${ownerOf(entry)}`;
  return lines(done, session.screen.colours.dim(id), await undoHint(session, (line) => line.entry === entry.id));
}
