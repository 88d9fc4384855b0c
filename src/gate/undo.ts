/** Takes one line of the journal back, as far as it can be. */
import type { Account } from '../domain/account';
import { isBefore, type Entry, type Until } from '../domain/entry';
import type { JournalLine } from '../domain/journal';
import type { EntryShape } from '../domain/shapes';
import { AppError } from '../errors';
import { tellOwners, write } from './announce';
import { accountNamed, enableAccount } from './accounts';
import type { Doors } from './doors';
import type { Asked } from './entries';
import type { Parts } from './parts';
import { shapeOfEntry } from './shape';

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
  'account-add': 'tollgate account remove NUMBER',
};

/** Ends the entry, and opens again what it had replaced. */
async function closeAgain(parts: Parts, doors: Doors, line: JournalLine, asked: Asked): Promise<Undone> {
  const entry = await entryOf(parts, line);
  if (entry.state !== 'open') throw new AppError('REFUSED', `entry ${entry.id} has ended already`, 'tollgate list');
  const before = line.before === undefined ? [] : (JSON.parse(line.before) as { id: number; until: string }[]);
  const opened: Entry[] = [];
  if (!asked.dryRun) {
    for (const { id, until } of before) {
      const old = await parts.store.entry(id);
      const end: Until = until === 'forever' ? 'forever' : new Date(until);
      if (old && isBefore(parts.clock.now(), end)) opened.push(await reopen(doors, old, end, line, asked));
    }
    const cause = causeOf(line, asked);
    await doors.close([entry], cause, (records) => tellOwners(parts, records, [entry], cause));
  }
  return { undid: sentence(line), opened: opened.map(shapeOfEntry), closed: [shapeOfEntry(entry)] };
}

async function openAgain(parts: Parts, doors: Doors, line: JournalLine, asked: Asked): Promise<Undone> {
  const entry = await entryOf(parts, line);
  const [before] = line.before === undefined ? [] : (JSON.parse(line.before) as { id: number; until: string }[]);
  const until: Until = before?.until === 'forever' ? 'forever' : new Date(before?.until ?? 0);
  if (entry.state === 'open') throw new AppError('REFUSED', `entry ${entry.id} is open again already`, 'tollgate list');
  if (!isBefore(parts.clock.now(), until)) {
    throw new AppError('REFUSED', `entry ${entry.id} would have ended by now`, `tollgate allow ${entry.what} --for 8h`);
  }
  if (entry.account !== undefined) await accountNamed(parts, entry.account);
  const opened = asked.dryRun ? entry : await reopen(doors, entry, until, line, asked);
  return { undid: sentence(line), opened: [shapeOfEntry(opened)], closed: [] };
}

async function reopen(doors: Doors, old: Entry, until: Until, line: JournalLine, asked: Asked): Promise<Entry> {
  const cause = { ...causeOf(line, asked), action: old.kind === 'block' ? 'block' : 'allow' } as const;
  const opened = await doors.open({ ...old, until }, cause, () => Promise.resolve({ superseded: [], closing: [] }));
  return opened.entry;
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

async function entryOf(parts: Parts, line: JournalLine): Promise<Entry> {
  const entry = line.entry === undefined ? undefined : await parts.store.entry(line.entry);
  if (entry) return entry;
  throw new AppError('NOT_FOUND', `the entry of line ${line.id} is no longer kept`, 'tollgate allow opens it anew');
}

function causeOf(line: JournalLine, asked: Asked) {
  return { action: 'undo', by: asked.by, from: 'command', why: sentence(line) } as const;
}

function sentence(line: JournalLine): string {
  return `Line ${line.id} (${line.action} ${line.what}) was undone.`;
}
