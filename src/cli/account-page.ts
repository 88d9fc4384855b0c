/** Accounts, as people see them. */
import { formatDuration } from '../domain/duration';
import type { AccountShape } from '../domain/shapes';
import { entryTable } from './entry-table';
import { lines } from './say';
import type { Session } from './session';
import { facts, table, type Cell } from './table';

export function accountTable(session: Session, accounts: readonly AccountShape[]): string {
  const columns = [
    ...[{ head: 'NUMBER' }, { head: 'NAME', wraps: true }, { head: 'E-MAIL', wraps: true }, { head: 'EXTENSIONS' }],
    ...[{ head: 'SERVICES', wraps: true }, { head: 'OPEN' }, { head: 'STATE', wraps: true }],
  ];
  const rows = accounts.map((account): Cell[] => [
    ...[account.number, account.name, account.email || '-', account.extensions.join(' ') || '-'],
    ...[account.services.join(' '), `${account.open.length} of ${account.maxOpen}`, stateCell(session, account)],
  ]);
  return table(session.screen, columns, rows);
}

export function accountFacts(session: Session, account: AccountShape): string {
  const listed = (texts: readonly string[]) => texts.join(', ') || '-';
  const page = facts(session.screen, [
    ['number', account.number],
    ['name', account.name],
    ['e-mail', account.email || '-'],
    ['extensions', listed(account.extensions)],
    ['callers', listed(account.callers)],
    ['services', listed(account.services)],
    ['a door stays open', formatDuration(account.leaseSeconds)],
    ['doors open', `${account.open.length} of ${account.maxOpen}`],
    ['state', stateCell(session, account)],
  ]);
  return lines(page, account.open.length > 0 ? entryTable(session, account.open) : '');
}

function stateCell(session: Session, { disabled, lockedUntil, hasPin }: AccountShape): Cell {
  const { colours } = session.screen;
  if (disabled) return { text: 'disabled', paint: colours.red };
  if (lockedUntil !== null)
    return { text: `locked until ${session.times().moment(lockedUntil)}`, paint: colours.yellow };
  return hasPin ? { text: 'ready', paint: colours.green } : { text: 'no PIN', paint: colours.yellow };
}
