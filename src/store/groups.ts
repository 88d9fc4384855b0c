/** Groups: entries that stand for several networks, in the entries' own table. */
import type { Selectable, Updateable } from 'kysely';
import type { Group, GroupKind, NewGroup } from '../domain/entry';
import type { Network } from '../domain/network';
import type { GroupPatch, Records } from '../domain/store';
import { optionalDate, readList, readUntil, toColumn, untilColumn } from './columns';
import { dueRows, endAll, liveOfAllKinds, liveRows, NOT_FOLLOWED, readEntry } from './entries';
import type { EntryRow } from './schema';
import type { Session } from './session';
import { insert } from './statement';

type GroupRecords = Pick<
  Records,
  'group' | 'liveGroups' | 'addGroup' | 'changeGroup' | 'liveEntriesIn' | 'endDueGroups'
>;

const KINDS: readonly GroupKind[] = ['name', 'provider', 'range'];

export function groupRecords(session: Session): GroupRecords {
  const { db } = session;
  return {
    async group(id) {
      const query = db.selectFrom('entries').selectAll().where('id', '=', id).where('kind', 'in', KINDS);
      const row = await query.$if(session.locksRows, (q) => q.forUpdate()).executeTakeFirst();
      return row && readGroup(row);
    },
    async liveGroups(now) {
      const rows = await liveOfAllKinds(session, toColumn(now)).where('kind', 'in', KINDS).execute();
      return rows.map(readGroup);
    },
    async addGroup(group) {
      const row = groupRow(group, session.pbx);
      return readGroup({ ...row, id: await insert(session, 'entries', row) });
    },
    async changeGroup(id, { until, state, note, declinedBy, ...followed }) {
      const changes = {
        ...(until !== undefined && { until: untilColumn(until) }),
        ...(state !== undefined && { state }),
        ...(note !== undefined && { note }),
        ...(declinedBy !== undefined && { declined_by: declinedBy }),
        ...followedColumns(followed, session.pbx),
      };
      if (Object.keys(changes).length > 0) {
        await db.updateTable('entries').set(changes).where('id', '=', id).where('kind', 'in', KINDS).execute();
      }
    },
    async liveEntriesIn(group, now) {
      return (await liveRows(session, toColumn(now)).where('part_of', '=', group).execute()).map(readEntry);
    },
    async endDueGroups(now) {
      return (await endAll(session, (part) => dueRows(part, now).where('kind', 'in', KINDS))).map(readGroup);
    },
  };
}

function followedColumns(
  { staleSince, staleToldAt, refused, checkedAt }: GroupPatch,
  pbx: string,
): Updateable<EntryRow> {
  return {
    ...(staleSince !== undefined && { stale_since: staleSince === 'fresh' ? null : toColumn(staleSince) }),
    ...(staleToldAt !== undefined && { stale_told_at: staleToldAt === 'not' ? null : toColumn(staleToldAt) }),
    ...(refused !== undefined && { refused: refused.length > 0 ? JSON.stringify(refused) : null }),
    ...(checkedAt !== undefined && { checked_at: toColumn(checkedAt), checked_by: pbx }),
  };
}

function groupRow(group: NewGroup, pbx: string): Omit<EntryRow, 'id'> {
  return {
    kind: group.kind,
    what: group.what,
    network: '',
    services: JSON.stringify(group.services),
    account: null,
    opened_by: group.by,
    since: toColumn(group.since),
    until: untilColumn(group.until),
    name: group.name ?? null,
    note: group.note ?? null,
    state: group.state,
    ...{ proved_at: null, warned_at: null, media_until: null, revoked_at: null },
    ...{ pbx, revision: 0, changed_on: null, part_of: null, ...NOT_FOLLOWED },
    is_primary: group.isPrimary ? 1 : null,
    ...{ origin: group.origin ?? null, declined_by: null },
  };
}

function readGroup(row: Selectable<EntryRow>): Group {
  const [staleSince, staleToldAt] = [optionalDate(row.stale_since), optionalDate(row.stale_told_at)];
  const checkedAt = optionalDate(row.checked_at);
  return {
    id: row.id,
    kind: row.kind as GroupKind, // every query asks for these kinds alone
    what: row.what,
    services: readList(row.services),
    by: row.opened_by,
    since: new Date(row.since),
    until: readUntil(row.until),
    name: row.name ?? undefined,
    note: row.note ?? undefined,
    state: row.state,
    ...(row.is_primary !== null && { isPrimary: true }),
    ...(row.origin !== null && { origin: row.origin }),
    ...(row.pbx && { pbx: row.pbx }),
    ...(staleSince && { staleSince }),
    ...(staleToldAt && { staleToldAt }),
    ...(row.refused !== null && { refused: readList(row.refused) as readonly Network[] }),
    ...(row.checked_by !== null && { checkedBy: row.checked_by }),
    ...(checkedAt && { checkedAt }),
  };
}
