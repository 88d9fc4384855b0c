/** The state before each change of rules: saved, listed, and brought back. */
import type { Backup } from '../../domain/backup';
import { isBefore, type Entry, type Until } from '../../domain/entry';
import { STRICTNESS } from '../../domain/firewall';
import { kindOf, type Live } from '../../domain/live';
import { covers, parseAddress } from '../../domain/network';
import type { BackupShape, RestoredShape } from '../../domain/backup-shapes';
import type { EntryShape } from '../../domain/shapes';
import type { ModeState, Records } from '../../domain/store';
import { AppError } from '../../errors';
import { tellOwners, write } from '../announce';
import type { Cause, Doors, Leaving } from '../doors/doors';
import type { Asked } from '../doors/entries';
import { loosen, planned, reconcile } from './modes';
import type { Parts } from '../parts';
import { shapeOfOpening } from '../doors/open-group';
import { wantedAgain, type Before } from '../doors/reopen';
import { saveBackup } from './save-backup';
import { shapeOfEntry, shapeOfGroup } from '../shape';

export interface RestoreAsked extends Asked {
  readonly id: string;
  /** `SSH_CONNECTION` of the shell that it was typed in: what lets the asker in stays. */
  readonly ssh?: string;
}

export async function listBackups({ backups }: Parts): Promise<readonly BackupShape[]> {
  return (await backups.list()).map(shapeOf);
}

/**
 * Brings back the mode and the entries, and with them our sets; rules are made of the settings, which stay. In a database
 * that PBXs share the entries stay too. What would have ended by now is left out, the admin's own ways in stay. Rejects with NOT_FOUND, or with REFUSED where that would be stricter than now: that
 * goes by a trial only.
 */
export async function restoreBackup(parts: Parts, doors: Doors, asked: RestoreAsked): Promise<RestoredShape> {
  const backup = await backupNamed(parts, asked.id);
  const mode = modeOf(backup, await parts.store.modeState());
  const { opens, over, closes, keeps } = await compare(parts, backup, asked.ssh);
  const left = leftBy(parts, backup);
  const shape = { backup: shapeOf(backup), mode, over, left, kept: keeps.map((live) => shapeOfLive(live)) };
  const closed = closes.map((live) => shapeOfLive(live));
  if (asked.dryRun) {
    const state = { ...(await parts.store.modeState()), mode };
    const lines = await planned(parts, doors, state);
    return { ...shape, opened: await shapesOf(parts, opens), closed, lines: [...lines] };
  }
  const why = `Backup ${backup.id} was restored.`;
  await doors.exclusively(() => saveBackup(parts, why));
  const cause = (action: Cause['action']): Cause => ({ action, by: asked.by, from: 'command', why });
  const wanted = await wantedAgain(parts, opens, cause);
  const openings = await doors.change({ wanted, leaves: (records) => leavingOf(parts, records, closes, cause) });
  const opened = openings.map(shapeOfOpening);
  const { mode: now } = await parts.store.modeState();
  const lines =
    now === mode ? await reconcile(parts, doors) : (await loosen(parts, doors, { by: asked.by, mode })).lines;
  await parts.store.transaction((records) =>
    write(parts, records, { action: 'firewall', by: asked.by, what: 'firewall', from: 'command', why }),
  );
  return { ...shape, opened, closed, lines: [...lines] };
}

/** Told before it is done, too. */
function leftBy({ sharedAs }: Parts, { open }: Backup): readonly string[] {
  const settings =
    'Rules are made from the settings as they are today: what was changed there since ([services], [firewall], [pbx]) is not taken back.';
  if (sharedAs === undefined) return [settings];
  return [
    `Other PBXs may use the same database: only the mode of "${sharedAs}" is brought back, and what is open or blocked stays as it is for all of them. It had ${open.length} entries open; tollgate log shows what became of them, and tollgate undo takes single lines back.`,
    settings,
  ];
}

async function backupNamed({ backups }: Parts, id: string): Promise<Backup> {
  const backup = await backups.read(id);
  if (backup) return backup;
  throw new AppError('NOT_FOUND', `there is no backup "${id}"`, 'tollgate backup list');
}

/** The mode to go to. Nothing gets stricter without a trial, which a person confirms from a new connection. */
function modeOf({ id, state: { mode } }: Backup, now: ModeState) {
  if (!mode) {
    const what = `nothing of ours was in the kernel when the backup ${id} was made`;
    throw new AppError('REFUSED', what, 'tollgate firewall remove takes it all away');
  }
  if (now.trial) {
    throw new AppError(
      'REFUSED',
      `mode ${now.trial.mode} is on trial`,
      'tollgate confirm, or tollgate rollback, first',
    );
  }
  if (STRICTNESS[mode] > (now.mode ? STRICTNESS[now.mode] : STRICTNESS.watch)) {
    const what = `the backup ${id} is of mode ${mode}, which is stricter than ${now.mode ?? 'none'}`;
    throw new AppError('REFUSED', what, `put that on trial first: tollgate ${mode}, tollgate confirm; then again`);
  }
  return mode;
}

interface Comparison {
  readonly opens: readonly Before[];
  /** How many have ended since by their own time. */
  readonly over: number;
  readonly closes: readonly Live[];
  readonly keeps: readonly Live[];
}

async function compare(parts: Parts, backup: Backup, ssh: string | undefined): Promise<Comparison> {
  // Entries in a database that PBXs share are not this one's alone.
  if (parts.sharedAs !== undefined) return { opens: [], over: 0, closes: [], keeps: [] };
  const { store, clock } = parts;
  const now = clock.now();
  const [entries, groups] = [await store.liveEntries(now), await store.liveGroups(now)];
  const live = new Set([...entries, ...groups].map(({ id }) => id));
  const then = new Set(backup.open.map(({ id }) => id));
  const missing = backup.open.filter(({ id }) => !live.has(id));
  const gone = missing.filter(({ until }) => isBefore(now, until));
  const newer = [...entries.filter(({ partOf }) => partOf === undefined), ...groups].filter(({ id }) => !then.has(id));
  const { opens, since } = await withoutTwins(parts, gone, newer);
  const asker = parseAddress((ssh?.split(' ')[0] ?? '').replace(/%.*$/, ''));
  const letsIn = (id: number) =>
    asker !== undefined &&
    entries.some((each) => (each.id === id || each.partOf === id) && covers(each.network, asker));
  const keeps = since.filter((each) => each.isPrimary ?? (kindOf(each) === 'allow' && letsIn(each.id)));
  return { opens, over: missing.length - gone.length, closes: since.filter((each) => !keeps.includes(each)), keeps };
}

/** What was closed and opened anew, with the same end, is as it was, under another number. */
async function withoutTwins(
  { store }: Parts,
  gone: readonly Before[],
  newer: readonly Live[],
): Promise<{ readonly opens: readonly Before[]; readonly since: readonly Live[] }> {
  const old = await Promise.all(
    gone.map(async (before) => ({ before, live: (await store.entry(before.id)) ?? (await store.group(before.id)) })),
  );
  const keys = new Set(newer.map((live) => keyOf(live, live.until)));
  const isSame = ({ before, live }: (typeof old)[number]) => live !== undefined && keys.has(keyOf(live, before.until));
  const same = old.filter((each) => isSame(each) && !isPart(each.live));
  const ids = new Set(same.map(({ before }) => before.id));
  const there = new Set(same.flatMap(({ before, live }) => (live ? [keyOf(live, before.until)] : [])));
  const isThere = ({ before, live }: (typeof old)[number]) =>
    ids.has(before.id) || (isPart(live) && ids.has(live.partOf));
  return {
    opens: old.filter((each) => !isThere(each)).map(({ before }) => before),
    since: newer.filter((live) => !there.has(keyOf(live, live.until))),
  };
}

function isPart(live: Live | undefined): live is Entry & { readonly partOf: number } {
  return live !== undefined && 'network' in live && live.partOf !== undefined;
}

function keyOf(live: Live, until: Until): string {
  const { what, services, name, note } = live;
  return JSON.stringify(['network' in live ? live.network : live.kind, what, services, name, note, until]);
}

async function leavingOf(
  parts: Parts,
  records: Records,
  closes: readonly Live[],
  causeOf: (action: Cause['action']) => Cause,
): Promise<readonly Leaving[]> {
  const leaving: Leaving[] = [];
  for (const kind of ['allow', 'block'] as const) {
    const those = closes.filter((each) => kindOf(each) === kind);
    const single = those.flatMap((each) => ('network' in each ? [each] : []));
    const groups = those.flatMap((each) => ('network' in each ? [] : [each]));
    const now = parts.clock.now();
    const members = await Promise.all(groups.map(({ id }) => records.liveEntriesIn(id, now)));
    const entries = [...single, ...members.flat()];
    const cause = causeOf(kind === 'allow' ? 'revoke' : 'unblock');
    leaving.push({ entries, groups, cause, tell: (of) => tellOwners(parts, of, entries, cause) });
  }
  return leaving;
}

async function shapesOf({ store }: Parts, opens: readonly Before[]): Promise<EntryShape[]> {
  const entries = await Promise.all(opens.map(({ id }) => store.entry(id)));
  const groups = await Promise.all(opens.map(({ id }) => store.group(id)));
  return [
    ...groups.flatMap((group) => (group ? [shapeOfLive(group)] : [])),
    ...entries.flatMap((entry) => (entry && entry.partOf === undefined ? [shapeOfLive(entry)] : [])),
  ];
}

function shapeOfLive(live: Live): EntryShape {
  return 'network' in live ? shapeOfEntry(live) : shapeOfGroup(live, []);
}

function shapeOf({ id, at, why, state, open }: Backup): BackupShape {
  return { id, at: at.toISOString(), why, mode: state.mode ?? null, open: open.length };
}
