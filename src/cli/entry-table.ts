/** Entries, as people see them. */
import type { EntryShape } from '../domain/shapes';
import type { Session } from './session';
import { table, type Cell, type Column } from './table';

/** The rest is counted. */
const MOST_SHOWN = 2;
const STATE_COLOUR = { active: 'green', provisional: 'yellow', stale: 'yellow', ended: 'dim' } as const;

export function entryTable(session: Session, entries: readonly EntryShape[]): string {
  const [{ colours }, times] = [session.screen, session.times()];
  const noted = entries.some((entry) => entry.note !== null);
  const located = entries.some((entry) => typeof entry.country === 'string');
  const followed = entries.some(isFollowed);
  const shared = session.config().store.database !== '';
  const columns: Column[] = [
    ...[{ head: 'ID' }, { head: 'WHAT' }],
    ...(followed ? [{ head: 'ADDRESSES', wraps: true }] : []),
    ...[{ head: 'SERVICES', wraps: true }, { head: 'BY' }, { head: 'SINCE' }],
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
      ...[String(entry.id), whatOf(entry), ...(followed ? [isFollowed(entry) ? someOf(entry.addresses) : ''] : [])],
      ...[entry.services.join(' ') || '-', ownerOf(entry), times.moment(entry.since)],
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

/** What stands for addresses that people have not written themselves. */
function isFollowed({ kind }: EntryShape): boolean {
  return kind === 'name' || kind === 'provider';
}

/** `192.0.2.1 192.0.2.2 +30 more`. */
export function someOf(addresses: readonly string[]): string {
  const more = addresses.length - MOST_SHOWN;
  const shown = addresses.slice(0, more > 1 ? MOST_SHOWN : undefined); // "+1 more" is no shorter than that one
  return more > 1 ? [...shown, `+${more} more`].join(' ') : shown.join(' ');
}

/** `198.51.100.7 (office)`. */
export function whatOf({ what, name }: EntryShape): string {
  return name === null ? what : `${what} (${name})`;
}

export function ownerOf({ account, by }: EntryShape): string {
  return account === null ? by : `account ${account}`;
}
