/** Entries, as people see them. */
import type { EntryShape } from '../domain/shapes';
import type { Session } from './session';
import { table, type Cell, type Column } from './table';

const STATE_COLOUR = { active: 'green', provisional: 'yellow', stale: 'yellow', ended: 'dim' } as const;

export function entryTable(session: Session, entries: readonly EntryShape[]): string {
  const [{ colours }, times] = [session.screen, session.times()];
  const noted = entries.some((entry) => entry.note !== null);
  const located = entries.some((entry) => typeof entry.country === 'string');
  const shared = session.config().store.database !== '';
  const columns: Column[] = [
    ...[{ head: 'ID' }, { head: 'WHAT' }, { head: 'SERVICES', wraps: true }, { head: 'BY' }, { head: 'SINCE' }],
    ...[{ head: 'UNTIL', wraps: true }, { head: 'STATE' }],
    ...(located ? [{ head: 'COUNTRY' }] : []),
    ...(shared ? [{ head: 'PBX' }] : []),
    ...(noted ? [{ head: 'NOTE', wraps: true }] : []),
  ];
  const rows = entries.map((entry): Cell[] => {
    const blocked = entry.kind === 'block' && entry.state === 'active';
    const state: Cell = blocked
      ? { text: 'blocked', paint: colours.red }
      : { text: entry.state, paint: colours[STATE_COLOUR[entry.state]] };
    return [
      ...[String(entry.id), whatOf(entry), entry.services.join(' ') || '-', ownerOf(entry), times.moment(entry.since)],
      ...[
        times.until(entry.until),
        state,
        ...(located ? [entry.country ?? '-'] : []),
        ...(shared ? [entry.pbx ?? ''] : []),
        ...(noted ? [entry.note ?? ''] : []),
      ],
    ];
  });
  return table(session.screen, columns, rows);
}

/** `198.51.100.7 (office)`. */
export function whatOf({ what, name }: EntryShape): string {
  return name === null ? what : `${what} (${name})`;
}

export function ownerOf({ account, by }: EntryShape): string {
  return account === null ? by : `account ${account}`;
}
