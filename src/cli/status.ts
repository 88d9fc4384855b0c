/** tollgate status: is everything as it should be? */
import type { Command } from 'commander';
import type { StatusPart } from '../domain/shapes';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { legacySeen } from './legacy-seen';
import { lines, say } from './say';
import type { Screen } from './screen';
import type { Session } from './session';
import { table, type Cell } from './table';

const COLOUR = { ok: 'green', warn: 'yellow', fail: 'red', off: 'dim' } as const;

export function addStatus(program: Command, act: Act): void {
  program
    .command('status')
    .description('whether every part is as it should be; exit 1 when one is not')
    .action(act(status));
}

async function status(session: Session): Promise<Outcome> {
  const shape = await (await session.operations()).status(await legacySeen(session));
  const columns = [
    { head: 'PART' },
    { head: 'STATE' },
    { head: 'DETAIL', wraps: true },
    { head: 'WHAT TO DO', wraps: true },
  ];
  const rows = shape.parts.map((part): Cell[] => {
    const since = part.since === null ? '' : ` (since ${session.times().moment(part.since)})`;
    return [
      part.name,
      stateCell(session.screen, part),
      `${session.times().inText(part.detail)}${since}`,
      part.hint ?? '',
    ];
  });
  const text = lines(say`mode: ${shape.mode ?? 'none'}`, table(session.screen, columns, rows));
  return { text, json: shape, failed: !shape.ok };
}

export function stateCell({ colours }: Screen, { state }: Pick<StatusPart, 'state'>): Cell {
  return { text: state, paint: colours[COLOUR[state]] };
}
