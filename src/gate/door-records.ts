/** The store's side of opening and closing: what is recorded, settled and ended, each with its line in the journal. */
import type { Entry, Group } from '../domain/entry';
import type { Action } from '../domain/journal';
import type { Records } from '../domain/store';
import { tell, write } from './announce';
import type { Cause, Replaced, Wanted } from './doors';
import type { Parts } from './parts';

/** What was recorded and is to be opened. A group that is `opening` is new. */
export interface Coming {
  readonly entries: readonly Entry[];
  readonly group: Group | undefined;
}

export async function record(records: Records, { entries, group: wanted }: Wanted): Promise<Coming> {
  const isThere = wanted && 'id' in wanted;
  const group = wanted && (isThere ? wanted : await records.addGroup({ ...wanted, state: 'opening' }));
  const recorded: Entry[] = [];
  for (const entry of entries) {
    recorded.push(await records.addEntry({ ...entry, state: 'opening', ...(group && { partOf: group.id }) }));
  }
  return { entries: recorded, group };
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

export async function settle(
  parts: Parts,
  records: Records,
  {
    coming: { entries, group },
    ending,
    cause,
  }: { readonly coming: Coming; readonly ending: Replaced; readonly cause: Cause },
): Promise<void> {
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
  const action = cause.action === 'allow' && before.length > 0 ? 'renew' : cause.action;
  const told = group ? [lineOfGroup(group, action, cause.by, cause.why, cause.from)] : linesOf(entries, action, cause);
  for (const line of told) {
    await write(parts, records, { ...line, ...(before.length > 0 && { before: JSON.stringify(before) }) });
  }
  for (const entry of entries) {
    if (cause.notice) await tell(parts, records, cause.notice({ ...entry, state: 'open' }));
  }
}

/** Its entries have just ended; with it the journal gets the one line about all of them. */
export async function endGroup(
  parts: Parts,
  records: Records,
  { group, entries, cause }: { readonly group: Group; readonly entries: readonly Entry[]; readonly cause: Cause },
): Promise<void> {
  const until = parts.clock.now();
  await records.changeGroup(group.id, { state: 'ended', until });
  const its = entries.filter(({ partOf }) => partOf === group.id);
  const before = JSON.stringify([group, ...its].map((each) => ({ id: each.id, until: each.until })));
  await write(parts, records, { ...lineOfGroup(group, cause.action, cause.by, cause.why, cause.from), before });
}

/** Also of a lease that has ended and that a call outlasts; whatever outlasts one on that network ends with it. */
export async function end(
  parts: Parts,
  records: Records,
  { entry, cause }: { readonly entry: Entry; readonly cause: Cause },
): Promise<void> {
  const now = parts.clock.now();
  // Its time, or somebody on another PBX, may have been quicker: it ends once.
  const ends = entry.state !== 'ended' && (await records.entry(entry.id))?.state === 'open';
  if (ends) await records.changeEntry(entry.id, { state: 'ended', until: now, revokedAt: now });
  const outlasted = entry.kind === 'allow' ? await records.outlastedLeases() : [];
  const over = outlasted.filter(({ network }) => network === entry.network);
  for (const { id } of over) await records.changeEntry(id, { mediaUntil: 'over' });
  if ((!ends && over.length === 0) || entry.partOf !== undefined) return;
  const before = JSON.stringify([{ id: entry.id, until: entry.until }]);
  await write(parts, records, { ...lineOf(entry, cause.action, cause.by, cause.why, cause.from), before });
}

/** The kernel or the store said no after it was recorded: neither keeps it. */
export async function takeBack(
  parts: Parts,
  { entries, group }: Coming,
  { back, cause, error }: { readonly back: () => Promise<void>; readonly cause: Cause; readonly error: unknown },
): Promise<void> {
  const { store, log } = parts;
  const why = error instanceof Error ? error.message : String(error);
  const undo = async () => {
    await back();
    await store.transaction(async (records) => {
      const over = { state: 'ended', until: parts.clock.now() } as const;
      for (const entry of entries) await records.changeEntry(entry.id, over);
      if (group?.state === 'opening') await records.changeGroup(group.id, over);
      const failed = { ...cause, why };
      const told = group
        ? [lineOfGroup(group, 'failed', cause.by, why, cause.from)]
        : linesOf(entries, 'failed', failed);
      for (const line of told) await write(parts, records, line);
    });
  };
  const about = { entries: entries.map(({ id }) => id), networks: entries.map(({ network }) => network) };
  // What cannot be undone now is undone by the next reconcile: no entry is `open`.
  await undo().catch((second: unknown) => log('door-not-undone', { ...about, error: String(second) }));
  log('door-failed', { ...about, error: why });
}
