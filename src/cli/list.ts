/** tollgate list: every door that is open, and every block. */
import type { Command } from 'commander';
import { printable } from '../domain/printable';
import type { EntryShape } from '../domain/shapes';
import type { Act } from './act';
import { entryTable, ownerOf } from './entry-table';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';

export function addList(program: Command, act: Act): void {
  program
    .command('list')
    .description('every open door and every block')
    .option(
      '--plain',
      'one line each for other programs: id, what, services, owner, since, until, state, name, note, with tabs',
    )
    .action(act(list));
}

async function list(session: Session, options: { readonly plain?: boolean }): Promise<Outcome> {
  const entries = await (await session.operations()).list({});
  if (options.plain) return { text: lines(...entries.map(plainLine)), json: entries };
  if (entries.length === 0) return { text: 'Nothing is open and nothing is blocked.', json: entries };
  const zone = session.screen.colours.dim(say`times: ${session.times().zone}`);
  return { text: lines(entryTable(session, entries), zone), json: entries };
}

/** One entry as `list --plain` prints it, and `import plain` reads it. */
export function plainLine(entry: EntryShape): string {
  const services = entry.services.join(',') || '-';
  const cells = [entry.id, entry.what, services, ownerOf(entry), entry.since, entry.until ?? 'forever', stateOf(entry)];
  const more = [entry.name ?? '', entry.note ?? ''];
  return [...cells, ...more]
    .map((cell) => printable(String(cell)))
    .join('\t')
    .trimEnd();
}

function stateOf({ kind, state }: EntryShape): string {
  return kind === 'block' && state === 'active' ? 'blocked' : state;
}
