/**
 * Opening and closing: store first, then the kernel's word, then the store's "open". Whoever awaits one of these may
 * tell people that it is so. Everything that changes members runs one at a time.
 */
import type { Entry, Group, NewEntry, NewGroup } from '../domain/entry';
import type { Action } from '../domain/journal';
import type { Notice } from '../domain/letter';
import type { Records } from '../domain/store';
import { oneAtATime, type OneAtATime } from '../domain/one-at-a-time';
import { write } from './announce';
import { cutOff, forgetContacts } from './cutting-off';
import { end, endGroup, lineOf, lineOfGroup, record, settle, takeBack } from './door-records';
import { changesOf, kernelOf, tellKernel, withOutlasted } from './kernel-changes';
import { mediaUntil } from './outlasting';
import type { Parts } from './parts';

/** Who did it, from where, and what people are told of it. */
export interface Cause {
  readonly action: Action;
  readonly by: string;
  readonly from: string | undefined;
  readonly why: string;
  notice?(entry: Entry): Notice;
}

/**
 * What is to be opened in one step. With a `group` the entries are part of it, and the journal has one line, about it: a
 * new one begins with them, one that is there already gets them added.
 */
export interface Wanted {
  readonly entries: readonly NewEntry[];
  readonly group?: NewGroup | Group;
}

/** What ends in the same step: silently, because the new ones stand for them, or with a journal line of their own. */
export interface Replaced {
  readonly superseded: readonly Entry[];
  readonly closing: readonly Entry[];
  /** Silently too; their entries are named among `superseded`. */
  readonly groups?: readonly Group[];
}

export interface Opening {
  readonly entries: readonly Entry[];
  readonly group: Group | undefined;
  readonly closed: readonly Entry[];
  readonly superseded: readonly Entry[];
}

/** What a closing reached beyond the kernel. `calls` undefined: Asterisk did not answer, so calls may still be up. */
export interface Closed {
  readonly entries: readonly Entry[];
  readonly calls: readonly string[] | undefined;
}

export class Doors {
  readonly #parts: Parts;
  readonly #alone: OneAtATime = oneAtATime();
  #changes = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** How often something was changed, or may have been; told from within a turn nothing is half done. */
  get changes(): number {
    return this.#changes;
  }

  /** Runs with no door changing meanwhile, and counts as a change. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(() => {
      this.#changes++;
      return work();
    });
  }

  changed(): void {
    this.#changes++;
  }

  /** The same for what only looks, or tells itself when it changed something. */
  undisturbed<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(work);
  }

  /** Opens (or blocks) one network, as `openAll` does. */
  async open(
    wanted: NewEntry,
    cause: Cause,
    replaces: (records: Records) => Promise<Replaced>,
  ): Promise<{ entry: Entry; closed: readonly Entry[]; superseded: readonly Entry[] }> {
    const { entries, closed, superseded } = await this.openAll({ entries: [wanted] }, cause, replaces);
    const [entry] = entries;
    if (!entry) throw new RangeError('one entry was wanted and none was opened');
    return { entry, closed, superseded };
  }

  /**
   * Opens (or blocks) all that is wanted, and ends what `replaces` names, in one step: all of it or nothing. Rejects
   * with nothing changed.
   */
  async openAll(wanted: Wanted, cause: Cause, replaces: (records: Records) => Promise<Replaced>): Promise<Opening> {
    const { store, post } = this.#parts;
    const opened = await this.exclusively(async () => {
      const { coming, ending } = await store.transaction(async (records) => ({
        coming: await record(records, wanted),
        ending: await replaces(records),
      }));
      const gone = [...ending.superseded, ...(await withOutlasted(this.#parts, ending.closing))];
      const forth = await changesOf(this.#parts, { coming: coming.entries, leaving: gone });
      // The way back is known before the first step, because the store may be what fails.
      const back = await changesOf(this.#parts, { coming: gone, leaving: coming.entries });
      const kernel = await kernelOf(this.#parts);
      try {
        await kernel(forth);
        await store.transaction((records) => settle(this.#parts, records, { coming, ending, cause }));
      } catch (error) {
        await takeBack(this.#parts, coming, { back: () => kernel(back), cause, error });
        throw error;
      }
      const { group } = coming;
      return {
        entries: coming.entries.map((entry) => ({ ...entry, state: 'open' as const })),
        group: group && { ...group, state: 'open' as const },
        closed: ending.closing,
        superseded: ending.superseded,
      };
    });
    post.poke();
    if (opened.closed.length > 0) void cutOff(this.#parts, opened.closed);
    const blocked = opened.entries.filter(({ kind }) => kind === 'block');
    if (blocked.length > 0) await cutOff(this.#parts, blocked);
    return opened;
  }

  /**
   * Closes entries, and groups whose entries are all among them. When it resolves, the kernel accepts nothing more
   * through them; calls from addresses that no other entry keeps open are hung up and their contacts removed, as far as
   * Asterisk answers. `tell` queues letters with it.
   */
  async close(
    entries: readonly Entry[],
    cause: Cause,
    tell?: (records: Records) => Promise<void>,
    groups: readonly Group[] = [],
  ): Promise<Closed> {
    if (entries.length === 0 && groups.length === 0) return { entries: [], calls: [] };
    const { store, clock, post } = this.#parts;
    const fault = await this.exclusively(async () => {
      const leaving = await withOutlasted(this.#parts, entries);
      await store.transaction(async (records) => {
        for (const entry of entries) await end(this.#parts, records, { entry, cause });
        for (const group of groups) await endGroup(this.#parts, records, { group, entries, cause });
        await tell?.(records);
      });
      const changes = await changesOf(this.#parts, { leaving });
      return tellKernel(this.#parts, changes).catch((error: unknown) => ({ error }));
    });
    post.poke();
    const calls = await cutOff(this.#parts, entries); // whatever the kernel said: the entries have ended
    if (fault) throw fault.error;
    const ended = entries.map((entry) => ({ ...entry, state: 'ended' as const, until: clock.now() }));
    return { entries: ended, calls };
  }

  /** Puts into the store and the kernel that these leases' time has come; their calls may go on for a while. */
  async expire(): Promise<readonly Entry[]> {
    const { store, clock } = this.#parts;
    const ended = await this.#alone(async () => {
      const due = await store.transaction(async (records) => {
        const entries = await records.endDue(clock.now());
        for (const entry of entries) {
          const until = mediaUntil(this.#parts, entry);
          if (until) await records.changeEntry(entry.id, { mediaUntil: until });
          if (entry.partOf === undefined) await write(this.#parts, records, lineOf(entry, 'ended', 'kernel', TIME_UP));
        }
        for (const group of await records.endDueGroups(clock.now())) {
          await write(this.#parts, records, lineOfGroup(group, 'ended', 'kernel', TIME_UP));
        }
        return entries;
      });
      const outlasted = due.filter((entry) => mediaUntil(this.#parts, entry));
      if (due.length === 0) return due;
      this.#changes++;
      await tellKernel(this.#parts, await changesOf(this.#parts, { coming: outlasted, leaving: due }));
      return due;
    });
    await forgetContacts(this.#parts, ended);
    return ended;
  }
}

const TIME_UP = 'Its time was up.';
