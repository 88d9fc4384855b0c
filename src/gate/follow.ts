/** Keeps this PBX in step with what others did in a database that they share, and knows when it is away. */
import type { Entry } from '../domain/entry';
import type { Mode } from '../domain/firewall';
import { AppError } from '../errors';
import type { TableChanges } from './countries/table-changes';
import { cutOff, forgetContacts } from './doors/cutting-off';
import type { Doors } from './doors/doors';
import { changesOf, tellKernel, withOutlasted } from './doors/kernel-changes';
import type { Parts } from './parts';

/** `mode`: the last that was known; the kernel still has it. */
export interface Away {
  readonly since: Date;
  readonly why: string;
  readonly mode: Mode | undefined;
}

export interface Follower {
  /** What was changed until now will be read as a whole. */
  begin(): Promise<void>;
  /**
   * Brings the kernel to what was changed since, at the cost of one number when nothing was. Without the database the
   * kernel decides on by itself, and the next look catches up. `all` reads everything, for a count that went back.
   */
  look(all: () => Promise<unknown>): Promise<void>;
  /** Since when the database does not answer, and why; undefined: it does. */
  away(): Away | undefined;
}

export function follower(parts: Parts, doors: Doors, tables: Pick<TableChanges, 'follow'>): Follower {
  const { store, clock, log } = parts;
  let seen = 0;
  let mode: Mode | undefined;
  let away: Away | undefined;
  const catchUp = async (all: () => Promise<unknown>) => {
    const now = await store.revision();
    if (now < seen)
      await all(); // a backup was put back
    else if (now > seen) await bringIn(parts, doors, seen);
    if (now !== seen) await tables.follow();
    seen = now;
    ({ mode } = await store.modeState());
  };
  return {
    begin: async () => void (seen = await store.revision()),
    async look(all) {
      try {
        await catchUp(all);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'STORE_FAILED') throw error;
        if (!away) log('database away', { error: error.what });
        away = { since: away?.since ?? clock.now(), why: error.what, mode };
        return;
      }
      if (away) log('database back', { since: away.since.toISOString() });
      away = undefined;
    },
    away: () => away,
  };
}

/** What other PBXs did since that revision: their doors open here too, what they closed is closed here, calls included. */
async function bringIn(parts: Parts, doors: Doors, since: number): Promise<void> {
  const { store } = parts;
  const changed = await doors.exclusively(async () => {
    const entries = (await store.changedElsewhere(since)).filter(({ state }) => state !== 'opening');
    const ended = entries.filter(({ state }) => state === 'ended');
    const coming = entries.filter(({ state }) => state === 'open');
    const revoked = ended.filter(({ revokedAt }) => revokedAt !== undefined);
    const outlasted = (await withOutlasted(parts, revoked)).slice(revoked.length); // no call goes on either
    for (const { id } of outlasted) await store.changeEntry(id, { mediaUntil: 'over' });
    if (entries.length > 0) {
      await tellKernel(parts, await changesOf(parts, { coming, leaving: [...ended, ...outlasted] }));
    }
    return entries;
  });
  const isCut = (entry: Entry) => entry.revokedAt !== undefined || (entry.kind === 'block' && entry.state === 'open');
  await cutOff(parts, changed.filter(isCut));
  const over = changed.filter((entry) => entry.state === 'ended' && !isCut(entry));
  await forgetContacts(parts, over);
}
