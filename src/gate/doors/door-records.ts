/** The store's side of opening and closing: what is recorded, settled and ended, each with its line in the journal. */
import { isDeclinable, type Entry, type Group } from '../../domain/entry';
import type { Action } from '../../domain/journal';
import type { Live } from '../../domain/live';
import type { EntryPatch, Records } from '../../domain/store';
import { AppError } from '../../errors';
import { tell, write } from '../announce';
import type { Cause, Leaving, Opening, Replaced, Step, Wanted } from './doors';
import type { Parts } from '../parts';

/** What was recorded and is to be opened, and what ends with it. A group that is `opening` is new. */
export interface Coming {
  readonly entries: readonly Entry[];
  readonly group: Group | undefined;
  readonly ending: Replaced;
  readonly cause: Cause;
}

/** A step that was recorded: nothing of it is open yet, and nothing has ended. */
export interface Begun {
  readonly coming: readonly Coming[];
  readonly leaving: readonly Leaving[];
  /** All that will have ended: without a word, and with a line in the journal. */
  readonly superseded: readonly Entry[];
  readonly closing: readonly Entry[];
}

export async function begin(records: Records, { wanted, leaves }: Step): Promise<Begun> {
  const coming: Coming[] = [];
  for (const one of wanted) coming.push(await record(records, one));
  const leaving = (await leaves?.(records)) ?? [];
  const closing = [...coming.flatMap(({ ending }) => ending.closing), ...leaving.flatMap(({ entries }) => entries)];
  return { coming, leaving, superseded: coming.flatMap(({ ending }) => ending.superseded), closing };
}

async function record(records: Records, { entries, group: wanted, cause, replaces }: Wanted): Promise<Coming> {
  const isThere = wanted && 'id' in wanted;
  const group = wanted && (isThere ? wanted : await records.addGroup({ ...wanted, state: 'opening' }));
  const recorded: Entry[] = [];
  for (const entry of entries) {
    recorded.push(await records.addEntry({ ...entry, state: 'opening', ...(group && { partOf: group.id }) }));
  }
  const ending = (await replaces?.(records)) ?? { superseded: [], closing: [] };
  return { entries: recorded, group, ending, cause };
}

/** As it is once all is settled. */
export function openingOf({ entries, group, ending }: Coming): Opening {
  return {
    entries: entries.map((entry) => ({ ...entry, state: 'open' })),
    group: group && { ...group, state: 'open' },
    closed: ending.closing,
    superseded: ending.superseded,
  };
}

/** What made room for an entry on the same network with other services: it may have been the last for a call. */
export function narrowedIn({ entries, superseded }: Opening): readonly Entry[] {
  const keyOf = ({ network, services }: Entry) => JSON.stringify([network, services]);
  const same = new Set(entries.map(keyOf));
  return superseded.filter((old) => old.kind === 'allow' && !same.has(keyOf(old)));
}

function linesOf(entries: readonly Entry[], action: Action, { by, why, from }: Cause) {
  return entries.map((entry) => lineOf(entry, action, by, why, from));
}

export function lineOfGroup(group: Group, action: Action, by: string, why: string, from?: string) {
  return { action, by, what: group.what, from, why, entry: group.id };
}

export function lineOf(entry: Entry, action: Action, by: string, why: string, from?: string) {
  return { action, by, what: entry.network, from, why, entry: entry.id };
}

export async function settle(parts: Parts, records: Records, { coming, leaving }: Begun): Promise<void> {
  for (const one of coming) await settleOne(parts, records, one);
  for (const one of leaving) await endAll(parts, records, one);
}

async function settleOne(parts: Parts, records: Records, { entries, group, ending, cause }: Coming): Promise<void> {
  const now = parts.clock.now();
  const over = { state: 'ended', until: now } as const;
  for (const entry of entries) await records.changeEntry(entry.id, { state: 'open' });
  if (group?.state === 'opening') await records.changeGroup(group.id, { state: 'open' });
  for (const old of ending.superseded) await records.changeEntry(old.id, over);
  for (const old of ending.groups ?? []) await records.changeGroup(old.id, over);
  for (const old of ending.closing) {
    const why = `Account ${old.account ?? ''} has one open address more than allowed; this was the oldest.`;
    await end(parts, records, { entry: old, cause: { action: 'revoke', by: cause.by, from: cause.from, why } });
  }
  const before = [...(ending.groups ?? []), ...ending.superseded].map(({ id, until }) => ({ id, until }));
  const isRenewed = (ending.groups ?? []).length > 0 || ending.superseded.some(({ kind }) => kind === 'allow');
  const action = cause.action === 'allow' && isRenewed ? 'renew' : cause.action;
  const told = group ? [lineOfGroup(group, action, cause.by, cause.why, cause.from)] : linesOf(entries, action, cause);
  for (const line of told) {
    await write(parts, records, { ...line, ...(before.length > 0 && { before: JSON.stringify(before) }) });
  }
  for (const entry of entries) {
    if (cause.notice) await tell(parts, records, cause.notice({ ...entry, state: 'open' }));
  }
}

export async function endAll(
  parts: Parts,
  records: Records,
  { entries, groups = [], cause, tell: letters }: Leaving,
): Promise<void> {
  for (const entry of entries) await end(parts, records, { entry, cause });
  for (const group of groups) await endGroup(parts, records, { group, entries, cause });
  await letters?.(records);
}

/** Its entries have just ended; with it the journal gets the one line about all of them. */
async function endGroup(
  parts: Parts,
  records: Records,
  { group, entries, cause }: { readonly group: Group; readonly entries: readonly Entry[]; readonly cause: Cause },
): Promise<void> {
  const until = parts.clock.now();
  await records.changeGroup(group.id, { state: 'ended', until, ...declining(group, cause) });
  const its = entries.filter(({ partOf }) => partOf === group.id);
  const before = JSON.stringify([group, ...its].map((each) => ({ id: each.id, until: each.until })));
  await write(parts, records, { ...lineOfGroup(group, cause.action, cause.by, cause.why, cause.from), before });
}

/** Also of a lease that has ended and that a call outlasts; whatever outlasts one on that network ends with it. */
async function end(
  parts: Parts,
  records: Records,
  { entry, cause }: { readonly entry: Entry; readonly cause: Cause },
): Promise<void> {
  const now = parts.clock.now();
  // Its time, or somebody on another PBX, may have been quicker: it ends once.
  const ends = entry.state !== 'ended' && (await records.entry(entry.id))?.state === 'open';
  if (ends) {
    const declined = entry.partOf === undefined && declining(entry, cause);
    await records.changeEntry(entry.id, { state: 'ended', until: now, revokedAt: now, ...declined });
  }
  const outlasted = entry.kind === 'allow' ? await records.outlastedLeases() : [];
  const over = outlasted.filter(({ network }) => network === entry.network);
  for (const { id } of over) await records.changeEntry(id, { mediaUntil: 'over' });
  if ((!ends && over.length === 0) || entry.partOf !== undefined) return;
  const before = JSON.stringify([{ id: entry.id, until: entry.until }]);
  await write(parts, records, { ...lineOf(entry, cause.action, cause.by, cause.why, cause.from), before });
}

/** What another system names goes on being named there after a person has revoked it. */
function declining(those: Live, { by, origin }: Cause): Pick<EntryPatch, 'declinedBy'> {
  return origin === undefined && isDeclinable(those) ? { declinedBy: by } : {};
}

/**
 * The kernel or the store said no after it was recorded: neither keeps it, and it rejects with what people are told. It
 * resolves when the step has happened all the same, because only the answer to its commit was lost.
 */
export async function takeBack(
  parts: Parts,
  begun: Begun,
  {
    forth,
    back,
    error,
  }: { readonly forth: () => Promise<void>; readonly back: () => Promise<void>; readonly error: unknown },
): Promise<void> {
  const { store, log } = parts;
  const { coming } = begun;
  const why = error instanceof Error ? error.message : String(error);
  const entries = coming.flatMap((one) => one.entries);
  const about = { entries: entries.map(({ id }) => id), networks: entries.map(({ network }) => network) };
  log('door-failed', { ...about, error: why });
  const forget = () =>
    store.transaction(async (records) => {
      if (await hasHappened(records, begun)) return true;
      const over = { state: 'ended', until: parts.clock.now() } as const;
      for (const { id } of entries) await records.changeEntry(id, over);
      for (const { group } of coming) if (group?.state === 'opening') await records.changeGroup(group.id, over);
      for (const line of failedLines(coming, why)) await write(parts, records, line);
      return false;
    });
  const faults: unknown[] = [];
  const failed = (second: unknown) => void faults.push(second);
  await back().catch(failed);
  if (await forget().catch(failed)) return forth();
  for (const fault of faults) log('door-not-undone', { ...about, error: String(fault) });
  throw faults.length === 0 ? error : notBack(error);
}

/** All of a step is settled in one transaction, so that one record tells for all. */
async function hasHappened(records: Records, { coming, leaving }: Begun): Promise<boolean> {
  const opened = coming.flatMap(({ entries }) => entries)[0];
  if (opened) return (await records.entry(opened.id))?.state === 'open';
  const left = leaving.flatMap(({ entries }) => entries)[0];
  return left !== undefined && (await records.entry(left.id))?.state === 'ended';
}

/** The store alone knows now whether it has happened: the next reconcile makes the kernel what the store says. */
function notBack(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const what = `${error.what}; it could not be taken back at once`;
  const hint = `${error.hint}; whether it has happened is seen by "tollgate list" when the store answers, and the kernel follows within a minute`;
  return new AppError(error.code, what, hint, error);
}

/** One line, however many doors did not open. */
function failedLines(coming: readonly Coming[], why: string) {
  const lines = coming.flatMap(({ entries, group, cause: { by, from } }) =>
    group
      ? [lineOfGroup(group, 'failed', by, why, from)]
      : entries.map((entry) => lineOf(entry, 'failed', by, why, from)),
  );
  const [first, second] = lines;
  return first && second ? [{ ...first, what: `${first.what} and ${lines.length - 1} more` }] : lines;
}
