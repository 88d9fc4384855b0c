/** Takes one line of the journal back, as far as it can be. */
import type { Account } from '../domain/account';
import { isBefore, type Entry, type Group } from '../domain/entry';
import type { JournalLine } from '../domain/journal';
import type { EntryShape } from '../domain/shapes';
import type { Records } from '../domain/store';
import { AppError } from '../errors';
import { tellOwners, write } from './announce';
import { accountNamed, enableAccount } from './travellers/accounts';
import { refuseThePrimary } from './doors/closing';
import type { Doors } from './doors/doors';
import type { Asked } from './doors/entries';
import type { Parts } from './parts';
import { shapeOfOpening } from './doors/open-group';
import { wantedAgain, type Before } from './doors/reopen';
import { shapeOfEntry, shapeOfGroup } from './shape';

export interface Undone {
  readonly undid: string;
  readonly opened: readonly EntryShape[];
  readonly closed: readonly EntryShape[];
}

export async function undo(parts: Parts, doors: Doors, asked: Asked & { readonly id: number }): Promise<Undone> {
  const line = await parts.store.journalLine(asked.id);
  if (!line) throw new AppError('NOT_FOUND', `the journal has no line ${asked.id}`, 'tollgate log shows the lines');
  const take = TAKE_BACK[line.action];
  if (!take)
    throw new AppError(
      'REFUSED',
      `line ${line.id} (${line.action}) cannot be undone`,
      HINT[line.action] ?? 'tollgate log',
    );
  return take(parts, doors, line, asked);
}

type TakeBack = (parts: Parts, doors: Doors, line: JournalLine, asked: Asked) => Promise<Undone>;

const TAKE_BACK: Partial<Record<JournalLine['action'], TakeBack>> = {
  allow: closeAgain,
  renew: closeAgain,
  block: closeAgain,
  revoke: openAgain,
  unblock: openAgain,
  ended: openAgain,
  'account-set': putBack,
  'account-remove': putBack,
  'account-disable': (parts, doors, line, asked) => enable(parts, doors, line, asked, true),
  'account-enable': (parts, doors, line, asked) => enable(parts, doors, line, asked, false),
};

const HINT: Partial<Record<JournalLine['action'], string>> = {
  mode: 'choose the mode you want: tollgate watch, tollgate guard',
  confirm: 'tollgate watch leaves the mode at once',
  trial: 'tollgate rollback, while it runs',
  'account-pin': 'tollgate account pin NUMBER sets another PIN',
  follow: 'tollgate revoke NAME ends it, and tollgate block ADDRESS keeps one address of it out',
  country: 'tollgate country permit, deny or forget says something else of it',
  range: 'tollgate range permit, deny or remove says something else of it',
  'account-add': 'tollgate account remove NUMBER',
};

/** Ends the entry or group, and opens again what it had replaced. */
async function closeAgain(parts: Parts, doors: Doors, line: JournalLine, asked: Asked): Promise<Undone> {
  const { entry, group } = await meantBy(parts, line);
  const now = parts.clock.now();
  if ((entry ?? group)?.state !== 'open')
    throw new AppError('REFUSED', `${named(line)} has ended already`, 'tollgate list');
  refuseThePrimary([entry ?? group ?? []].flat(), line.what);
  const entries = entry ? [entry] : await parts.store.liveEntriesIn(group?.id ?? 0, now);
  const closed = [group ? shapeOfGroup(group, entries) : entries.map(shapeOfEntry)].flat();
  if (asked.dryRun) return { undid: sentence(line), opened: [], closed };
  const cause = causeOf(line, asked);
  const tell = (records: Records) => tellOwners(parts, records, entries, cause);
  const leaving = { entries, groups: [group ?? []].flat(), cause, tell };
  const wanted = await wantedAgain(parts, beforeOf(line), causes(line, asked));
  if (wanted.length === 0) {
    await doors.close(() => Promise.resolve(leaving));
    return { undid: sentence(line), opened: [], closed };
  }
  const openings = await doors.change({ wanted, leaves: () => Promise.resolve([leaving]) });
  return { undid: sentence(line), opened: openings.map(shapeOfOpening), closed };
}

async function openAgain(parts: Parts, doors: Doors, line: JournalLine, asked: Asked): Promise<Undone> {
  const { entry, group } = await meantBy(parts, line);
  const before = beforeOf(line);
  if ((entry ?? group)?.state === 'open')
    throw new AppError('REFUSED', `${named(line)} is open again already`, 'tollgate list');
  if (!before.some(({ until }) => isBefore(parts.clock.now(), until))) {
    throw new AppError('REFUSED', `${named(line)} would have ended by now`, `tollgate allow ${line.what} --for 8h`);
  }
  if (entry?.account !== undefined) await accountNamed(parts, entry.account);
  const shown = group ? shapeOfGroup(group, []) : entry ? shapeOfEntry(entry) : undefined;
  const opened = asked.dryRun
    ? [shown].flatMap((each) => each ?? [])
    : (await doors.change({ wanted: await wantedAgain(parts, before, causes(line, asked)) })).map(shapeOfOpening);
  return { undid: sentence(line), opened, closed: [] };
}

function beforeOf(line: JournalLine): readonly Before[] {
  const before = line.before === undefined ? [] : (JSON.parse(line.before) as { id: number; until: string }[]);
  return before.map(({ id, until }) => ({ id, until: until === 'forever' ? 'forever' : new Date(until) }));
}

async function putBack(parts: Parts, _doors: Doors, line: JournalLine, asked: Asked): Promise<Undone> {
  const before = JSON.parse(line.before ?? '{}') as Account & { createdAt: string; disabledAt?: string };
  const now = await parts.store.account(before.number);
  const account: Account = {
    ...before,
    pinHash: now?.pinHash,
    createdAt: new Date(before.createdAt),
    disabledAt: before.disabledAt === undefined ? undefined : new Date(before.disabledAt),
  };
  if (!asked.dryRun) {
    await parts.store.transaction(async (records) => {
      await records.saveAccount(account);
      const why = `${sentence(line)}${account.pinHash ? '' : ' It has no PIN: set one with "tollgate account pin".'}`;
      await write(parts, records, { action: 'undo', by: asked.by, what: line.what, from: 'command', why });
    });
  }
  return { undid: sentence(line), opened: [], closed: [] };
}

async function enable(parts: Parts, doors: Doors, line: JournalLine, asked: Asked, enabled: boolean): Promise<Undone> {
  const number = line.what.replace(/^account /, '');
  await enableAccount(parts, doors, { ...asked, number, enabled });
  return { undid: sentence(line), opened: [], closed: [] };
}

async function meantBy({ store }: Parts, line: JournalLine): Promise<{ entry?: Entry; group?: Group }> {
  const entry = line.entry === undefined ? undefined : await store.entry(line.entry);
  const group = line.entry === undefined || entry ? undefined : await store.group(line.entry);
  if (entry) return { entry };
  if (group) return { group };
  throw new AppError('NOT_FOUND', `the entry of line ${line.id} is no longer kept`, 'tollgate allow opens it anew');
}

function named({ entry }: JournalLine): string {
  return `entry ${entry ?? ''}`;
}

function causeOf(line: JournalLine, asked: Asked, action: 'undo' | 'allow' | 'block' = 'undo') {
  return { action, by: asked.by, from: 'command', why: sentence(line) } as const;
}

function causes(line: JournalLine, asked: Asked) {
  return (action: 'allow' | 'block') => causeOf(line, asked, action);
}

function sentence(line: JournalLine): string {
  return `Line ${line.id} (${line.action} ${line.what}) was undone.`;
}
