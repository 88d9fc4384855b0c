/**
 * Opening and closing: store first, then the kernel's word, then the store's "open". Whoever awaits one of these may
 * tell people that it is so. Everything that changes members runs one at a time.
 */
import type { Entry, Group, NewEntry, NewGroup } from '../../domain/entry';
import type { Action } from '../../domain/journal';
import type { Notice } from '../../domain/letter';
import type { Records } from '../../domain/store';
import { oneAtATime, type OneAtATime } from '../../domain/one-at-a-time';
import { write } from '../announce';
import { cutOff, forgetContacts } from './cutting-off';
import { begin, endAll, lineOf, lineOfGroup, narrowedIn, openingOf, settle, takeBack } from './door-records';
import { bothWaysOf, changesOf, kernelToTell, tellKernel, withOutlasted } from './kernel-changes';
import { mediaUntil } from './outlasting';
import type { Parts } from '../parts';

/** Who did it, from where, and what people are told of it. */
export interface Cause {
  readonly action: Action;
  readonly by: string;
  readonly from: string | undefined;
  readonly why: string;
  /** The import that does it; undefined: a person, or what a person set up. */
  readonly origin?: string;
  notice?(entry: Entry): Notice;
}

/**
 * What is to be opened as one. With a `group` the entries are part of it, and the journal has one line, about it: a new
 * one begins with them, one that is there already gets them added.
 */
export interface Wanted {
  readonly entries: readonly NewEntry[];
  readonly group?: NewGroup | Group;
  readonly cause: Cause;
  /** What ends with it, as it is then; left out: nothing. */
  readonly replaces?: (records: Records) => Promise<Replaced>;
}

/** What ends in the same step: silently, because the new ones stand for them, or with a journal line of their own. */
export interface Replaced {
  readonly superseded: readonly Entry[];
  readonly closing: readonly Entry[];
  /** Silently too; their entries are named among `superseded`. */
  readonly groups?: readonly Group[];
}

/** What is to be closed, with a journal line for each: entries, and groups whose entries are all among them. */
export interface Leaving {
  readonly entries: readonly Entry[];
  readonly groups?: readonly Group[];
  readonly cause: Cause;
  /** Queues letters with it. */
  readonly tell?: (records: Records) => Promise<void>;
}

/** All that changes at once. */
export interface Step {
  readonly wanted: readonly Wanted[];
  /** What leaves, as it is then; left out: nothing. */
  readonly leaves?: (records: Records) => Promise<readonly Leaving[]>;
}

export interface Opening {
  readonly entries: readonly Entry[];
  readonly group: Group | undefined;
  readonly closed: readonly Entry[];
  readonly superseded: readonly Entry[];
}

/** What was closed, and what that reached beyond the kernel. */
export interface Closed {
  readonly entries: readonly Entry[];
  readonly groups: readonly Group[];
  /** Undefined: Asterisk did not answer, so calls may still be up. */
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

  /** Opens (or blocks) one network, as `change` does. */
  async open(
    wanted: NewEntry,
    cause: Cause,
    replaces: (records: Records) => Promise<Replaced>,
  ): Promise<{ entry: Entry; closed: readonly Entry[]; superseded: readonly Entry[] }> {
    const { entries, closed, superseded } = await this.openAll({ entries: [wanted], cause, replaces });
    const [entry] = entries;
    if (!entry) throw new RangeError('one entry was wanted and none was opened');
    return { entry, closed, superseded };
  }

  /** Opens (or blocks) what is wanted, and ends what it replaces, as `change` does. */
  async openAll(wanted: Wanted): Promise<Opening> {
    const [opening] = await this.change({ wanted: [wanted] });
    if (!opening) throw new RangeError('something was wanted and nothing was opened');
    return opening;
  }

  /**
   * Opens (or blocks) all that is wanted, and ends what it replaces and what leaves, in one step: all of it or nothing.
   * Rejects with nothing changed. Resolves to what was opened, in the order of what is wanted.
   */
  async change(step: Step): Promise<readonly Opening[]> {
    const { store, post } = this.#parts;
    const { openings, left } = await this.exclusively(async () => {
      const kernel = await kernelToTell(this.#parts);
      // Lost with the power it is as if nothing had been asked: nobody is told before what follows is on the disk.
      const begun = await store.transaction((records) => begin(records, step), { onDisk: false });
      const gone = await withOutlasted(this.#parts, begun.closing);
      const coming = begun.coming.flatMap(({ entries }) => entries);
      // The way back is known before the first step, because the store may be what fails.
      const { forth, back } = await bothWaysOf(this.#parts, { coming, leaving: [...begun.superseded, ...gone] });
      try {
        await kernel(forth);
        await store.transaction((records) => settle(this.#parts, records, begun));
      } catch (error) {
        await takeBack(this.#parts, begun, { forth: () => kernel(forth), back: () => kernel(back), error });
      }
      return { openings: begun.coming.map(openingOf), left: begun.leaving.flatMap(({ entries }) => entries) };
    });
    post.poke();
    const closed = openings.flatMap((opening) => [...opening.closed, ...narrowedIn(opening)]);
    if (closed.length > 0) void cutOff(this.#parts, closed);
    const blocked = openings.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'block');
    if (blocked.length + left.length > 0) await cutOff(this.#parts, [...blocked, ...left]);
    return openings;
  }

  /**
   * Closes what `find` names, when leases that have just ended have left to their calls what they may, which it then
   * finds too. When it resolves, the kernel accepts nothing more through it; calls from addresses that no other
   * entry keeps open are hung up and their contacts removed, as far as Asterisk answers. It has ended also when the
   * kernel says no.
   */
  async close(find: () => Promise<Leaving>): Promise<Closed> {
    await this.expire();
    const leaving = await find();
    const { entries, groups = [] } = leaving;
    if (entries.length === 0 && groups.length === 0) return { entries: [], groups: [], calls: [] };
    const { store, clock, post } = this.#parts;
    const fault = await this.exclusively(async () => {
      const kernel = await kernelToTell(this.#parts);
      const gone = await withOutlasted(this.#parts, entries);
      await store.transaction((records) => endAll(this.#parts, records, leaving));
      const changes = await changesOf(this.#parts, { leaving: gone });
      return kernel(changes).catch((error: unknown) => ({ error }));
    });
    post.poke();
    const calls = await cutOff(this.#parts, entries); // whatever the kernel said: the entries have ended
    if (fault) throw fault.error;
    const over = { state: 'ended', until: clock.now() } as const;
    return {
      entries: entries.map((entry) => ({ ...entry, ...over })),
      groups: groups.map((group) => ({ ...group, ...over })),
      calls,
    };
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
