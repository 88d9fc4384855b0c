/** tollgate alone: the state in five lines and the next useful command. */
import type { Command } from 'commander';
import type { StatusPart, StatusShape } from '../domain/shapes';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { legacySeen } from './legacy-seen';
import { count, lines, say } from './say';
import type { Session } from './session';
import { stateCell } from './status';
import { table, type Cell } from './table';

/** Never typed: it stands for no command at all. */
export const OVERVIEW = 'overview';

/** The parts that have a line of their own; the others share one. */
const SHOWN = ['firewall', 'asterisk', 'doors'];
const WORST: readonly StatusPart['state'][] = ['fail', 'warn', 'off', 'ok'];

export function addOverview(program: Command, act: Act): void {
  program.command(OVERVIEW, { hidden: true }).description('the state in five lines').action(act(overview));
}

async function overview(session: Session): Promise<Outcome> {
  const operations = await session.operations();
  const shape = await operations.status(await legacySeen(session));
  const accounts = (await operations.accountList({})).length;
  const [own, others] = [
    shape.parts.filter(({ name }) => SHOWN.includes(name)),
    shape.parts.filter(({ name }) => !SHOWN.includes(name)),
  ];
  const rows = [
    ...own.map((part): Cell[] => [part.name, stateCell(session.screen, part), part.detail]),
    ...(others.length > 0 ? [othersRow(session, others)] : []),
    ['accounts', '', accounts === 0 ? 'none' : String(accounts)],
  ];
  const state = table(session.screen, [{ head: '' }, { head: '' }, { head: '', wraps: true }], rows);
  const next = say`next: ${nextCommand(shape, accounts)}`;
  return { text: lines(state, next, session.screen.colours.dim('every command: tollgate --help')), json: shape };
}

function othersRow(session: Session, others: readonly StatusPart[]): Cell[] {
  const worst = WORST.find((state) => others.some((part) => part.state === state)) ?? 'ok';
  const those = others.filter((part) => part.state === worst).map(({ name }) => name);
  const detail = worst === 'ok' ? those.join(', ') : `${those.join(', ')}: see tollgate status`;
  return [count(others.length, 'more part'), stateCell(session.screen, { state: worst }), detail];
}

/** What is broken first, then the next step from a fresh install to a guarded one. */
function nextCommand({ mode, parts }: StatusShape, accounts: number): string {
  const failed = parts.find(({ state, hint }) => state === 'fail' && hint !== null);
  if (mode === null) return 'tollgate init';
  if (failed) return failed.hint ?? 'tollgate status';
  if (accounts === 0) return 'tollgate account add NUMBER --name NAME --email ADDRESS';
  return parts.find(({ state, hint }) => state === 'warn' && hint?.startsWith('tollgate '))?.hint ?? 'tollgate list';
}
