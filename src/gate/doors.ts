/**
 * Opening and closing: store first, then the kernel's word, then the store's "open". Whoever awaits one of these may
 * tell people that it is so. Everything that changes members runs one at a time.
 */
import { changesFor, groupByNetwork, mediaEnd } from '../domain/elements';
import { isBefore, type Entry, type Group, type NewEntry, type NewGroup } from '../domain/entry';
import type { Change } from '../domain/firewall';
import type { Action } from '../domain/journal';
import type { Notice } from '../domain/letter';
import type { Network } from '../domain/network';
import { expandServices } from '../domain/service';
import type { Records } from '../domain/store';
import { tell, write } from './announce';
import { oneAtATime, type OneAtATime } from '../domain/one-at-a-time';
import { mayBeHeard, mediaUntil, termsOf } from './outlasting';
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

/** How often Asterisk is asked whether the calls that outlast their leases are over. */
const LOOK_FOR_CALLS_MS = 5000;

export class Doors {
  readonly #parts: Parts;
  readonly #alone: OneAtATime = oneAtATime();
  /** Milliseconds since the epoch. */
  #lookedForCalls = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Runs with no door changing meanwhile: for reading the store and the kernel as one. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
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
    const opened = await this.#alone(async () => {
      const { coming, ending } = await store.transaction(async (records) => ({
        coming: await record(records, wanted),
        ending: await replaces(records),
      }));
      const gone = [...ending.superseded, ...(await this.#withOutlasted(ending.closing))];
      const forth = await this.#changes(coming.entries, gone);
      // The way back is known before the first step, because the store may be what fails.
      const back = await this.#changes(gone, coming.entries);
      const kernel = await this.#kernel();
      try {
        await kernel(forth);
        await store.transaction((records) => this.#settle(records, coming, ending, cause));
      } catch (error) {
        await this.#takeBack(coming, () => kernel(back), cause, error);
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
    if (opened.closed.length > 0) void this.#cutOff(opened.closed);
    const blocked = opened.entries.filter(({ kind }) => kind === 'block');
    if (blocked.length > 0) await this.#cutOff(blocked);
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
    const fault = await this.#alone(async () => {
      const leaving = await this.#withOutlasted(entries);
      await store.transaction(async (records) => {
        for (const entry of entries) await this.#end(records, entry, cause);
        for (const group of groups) await this.#endGroup(records, group, entries, cause);
        await tell?.(records);
      });
      return this.#tellKernel(await this.#changes([], leaving)).catch((error: unknown) => ({ error }));
    });
    post.poke();
    const calls = await this.#cutOff(entries); // whatever the kernel said: the entries have ended
    if (fault) throw fault.error;
    const ended = entries.map((entry) => ({ ...entry, state: 'ended' as const, until: clock.now() }));
    return { entries: ended, calls };
  }

  /** Puts into the store and the kernel that these leases' time has come; their calls may go on for a while. */
  async expire(): Promise<readonly Entry[]> {
    const { store, clock, phones } = this.#parts;
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
      if (due.length > 0) await this.#tellKernel(await this.#changes(outlasted, due));
      return due;
    });
    await this.#endUnheardMedia(ended.length > 0);
    for (const network of await this.#silent(ended)) await this.#tryPhones(() => phones.forgetContacts(network));
    return ended;
  }

  /** Takes the media of ended leases out that no call needs any more, and hangs up the calls whose hour is over. */
  async #endUnheardMedia(now: boolean): Promise<void> {
    const { store, clock } = this.#parts;
    const at = clock.now();
    if (!now && at.getTime() - this.#lookedForCalls < LOOK_FOR_CALLS_MS) return;
    this.#lookedForCalls = at.getTime();
    for (const entry of await store.outlastedLeases()) {
      const isLate = !isBefore(at, mediaEnd(entry, termsOf(this.#parts)));
      if (!isLate && (await mayBeHeard(this.#parts, entry.network))) continue;
      await this.#alone(async () => {
        await store.transaction((records) => records.changeEntry(entry.id, { mediaUntil: 'over' }));
        await this.#tellKernel(await this.#changes([], [entry]));
      });
      if (isLate) await this.#cutOff([entry]);
    }
  }

  /**
   * Brings this kernel to what other PBXs that share the database have done since revision `since`: their doors open
   * here too, and what they closed is closed here, calls included.
   */
  async follow(since: number): Promise<void> {
    const { store, phones } = this.#parts;
    const changed = await this.#alone(async () => {
      const entries = (await store.changedElsewhere(since)).filter(({ state }) => state !== 'opening');
      const ended = entries.filter(({ state }) => state === 'ended');
      const open = entries.filter(({ state }) => state === 'open');
      const revoked = ended.filter(({ revokedAt }) => revokedAt !== undefined);
      const outlasted = (await this.#withOutlasted(revoked)).slice(revoked.length); // no call goes on either
      for (const { id } of outlasted) await store.changeEntry(id, { mediaUntil: 'over' });
      if (entries.length > 0) await this.#tellKernel(await this.#changes(open, [...ended, ...outlasted]));
      return entries;
    });
    const isCut = (entry: Entry) => entry.revokedAt !== undefined || (entry.kind === 'block' && entry.state === 'open');
    await this.#cutOff(changed.filter(isCut));
    const over = changed.filter((entry) => entry.state === 'ended' && !isCut(entry));
    for (const network of await this.#silent(over)) await this.#tryPhones(() => phones.forgetContacts(network));
  }

  async #tellKernel(changes: readonly Change[]): Promise<void> {
    await (
      await this.#kernel()
    )(changes);
  }

  /** Nothing of ours is in the kernel before `init` and after `firewall remove`: then there is nobody to tell. */
  async #kernel(): Promise<(changes: readonly Change[]) => Promise<void>> {
    const { store, firewall } = this.#parts;
    const { mode } = await store.modeState();
    return mode ? (changes) => firewall.change(changes) : () => Promise.resolve();
  }

  /** These entries, and ended ones on the same networks that calls outlast. */
  async #withOutlasted(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const ids = new Set(entries.filter(({ kind }) => kind === 'allow').map(({ id }) => id));
    const networks = new Set(entries.filter(({ kind }) => kind === 'allow').map(({ network }) => network));
    const outlasted = await this.#parts.store.outlastedLeases();
    return [...entries, ...outlasted.filter(({ id, network }) => networks.has(network) && !ids.has(id))];
  }

  /** The changes of every network that `coming` or `leaving` entries are on. */
  async #changes(coming: readonly Entry[], leaving: readonly Entry[]): Promise<Change[]> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const left = new Set(leaving.map((entry) => entry.id));
    const outlasted = (await store.outlastedLeases()).filter(({ id }) => !left.has(id));
    const changes: Change[] = [];
    for (const network of groupByNetwork([...coming, ...leaving]).keys()) {
      const stored = (await store.liveEntriesOn(network, now)).filter((entry) => !left.has(entry.id));
      const live = [...stored, ...[...coming, ...outlasted].filter((entry) => entry.network === network)];
      const gone = leaving.filter((entry) => entry.network === network);
      changes.push(...changesFor(network, live, gone, termsOf(this.#parts), now));
    }
    return changes;
  }

  async #settle(records: Records, { entries, group }: Coming, ending: Replaced, cause: Cause): Promise<void> {
    const now = this.#parts.clock.now();
    const over = { state: 'ended', until: now } as const;
    for (const entry of entries) await records.changeEntry(entry.id, { state: 'open' });
    if (group?.state === 'opening') await records.changeGroup(group.id, { state: 'open' });
    for (const old of ending.superseded) await records.changeEntry(old.id, over);
    for (const old of ending.groups ?? []) await records.changeGroup(old.id, over);
    for (const old of ending.closing) {
      const why = `Account ${old.account ?? ''} has one open address more than allowed; this was the oldest.`;
      await this.#end(records, old, { action: 'revoke', by: cause.by, from: cause.from, why });
    }
    const before = [...(ending.groups ?? []), ...ending.superseded].map(({ id, until }) => ({ id, until }));
    const action = cause.action === 'allow' && before.length > 0 ? 'renew' : cause.action;
    const told = group
      ? [lineOfGroup(group, action, cause.by, cause.why, cause.from)]
      : linesOf(entries, action, cause);
    for (const line of told) {
      await write(this.#parts, records, { ...line, ...(before.length > 0 && { before: JSON.stringify(before) }) });
    }
    for (const entry of entries) {
      if (cause.notice) await tell(this.#parts, records, cause.notice({ ...entry, state: 'open' }));
    }
  }

  /** Its entries have just ended; with it the journal gets the one line about all of them. */
  async #endGroup(records: Records, group: Group, entries: readonly Entry[], cause: Cause): Promise<void> {
    const until = this.#parts.clock.now();
    await records.changeGroup(group.id, { state: 'ended', until });
    const its = entries.filter(({ partOf }) => partOf === group.id);
    const before = JSON.stringify([group, ...its].map((each) => ({ id: each.id, until: each.until })));
    await write(this.#parts, records, { ...lineOfGroup(group, cause.action, cause.by, cause.why, cause.from), before });
  }

  /** Also of a lease that has ended and that a call outlasts; whatever outlasts one on that network ends with it. */
  async #end(records: Records, entry: Entry, cause: Cause): Promise<void> {
    const now = this.#parts.clock.now();
    // Its time, or somebody on another PBX, may have been quicker: it ends once.
    const ends = entry.state !== 'ended' && (await records.entry(entry.id))?.state === 'open';
    if (ends) await records.changeEntry(entry.id, { state: 'ended', until: now, revokedAt: now });
    const outlasted = entry.kind === 'allow' ? await records.outlastedLeases() : [];
    const over = outlasted.filter(({ network }) => network === entry.network);
    for (const { id } of over) await records.changeEntry(id, { mediaUntil: 'over' });
    if ((!ends && over.length === 0) || entry.partOf !== undefined) return;
    const before = JSON.stringify([{ id: entry.id, until: entry.until }]);
    await write(this.#parts, records, { ...lineOf(entry, cause.action, cause.by, cause.why, cause.from), before });
  }

  /** The kernel or the store said no after it was recorded: neither keeps it. */
  async #takeBack(coming: Coming, back: () => Promise<void>, cause: Cause, error: unknown): Promise<void> {
    const { entries, group } = coming;
    const { store, log } = this.#parts;
    const why = error instanceof Error ? error.message : String(error);
    const undo = async () => {
      await back();
      await store.transaction(async (records) => {
        const over = { state: 'ended', until: this.#parts.clock.now() } as const;
        for (const entry of entries) await records.changeEntry(entry.id, over);
        if (group?.state === 'opening') await records.changeGroup(group.id, over);
        const failed = { ...cause, why };
        const told = group
          ? [lineOfGroup(group, 'failed', cause.by, why, cause.from)]
          : linesOf(entries, 'failed', failed);
        for (const line of told) await write(this.#parts, records, line);
      });
    };
    const about = { entries: entries.map(({ id }) => id), networks: entries.map(({ network }) => network) };
    // What cannot be undone now is undone by the next reconcile: no entry is `open`.
    await undo().catch((second: unknown) => log('door-not-undone', { ...about, error: String(second) }));
    log('door-failed', { ...about, error: why });
  }

  /** Hangs up calls and removes contacts of closed networks; undefined: Asterisk did not answer. */
  async #cutOff(entries: readonly Entry[]): Promise<readonly string[] | undefined> {
    const { phones } = this.#parts;
    const calls: string[] = [];
    for (const network of await this.#silent(entries)) {
      const hungUp = await this.#tryPhones(() => phones.hangUp(network));
      if (hungUp === undefined) return undefined;
      calls.push(...hungUp);
      await this.#tryPhones(() => phones.forgetContacts(network));
    }
    return calls;
  }

  /** Networks of `entries` that no signalling of a live entry reaches any more, or that are blocked. */
  async #silent(entries: readonly Entry[]): Promise<Network[]> {
    const { store, services, clock } = this.#parts;
    const signalling = services.filter((service) => service.signalling).map((service) => service.name);
    const carries = (entry: Entry) => {
      const sets = expandServices(entry.services, services);
      return entry.kind === 'allow' && signalling.some((name) => sets.has(name));
    };
    const silent: Network[] = [];
    for (const [network, group] of groupByNetwork(entries)) {
      const live = await store.liveEntriesCovering(network, clock.now());
      const blocked = group.some((entry) => entry.kind === 'block' && live.some(({ id }) => id === entry.id));
      if (blocked || (group.some(carries) && !live.some(carries))) silent.push(network);
    }
    return silent;
  }

  async #tryPhones<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      this.#parts.log('asterisk-not-told', { error: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }
}

/** What was recorded and is to be opened. A group that is `opening` is new. */
interface Coming {
  readonly entries: readonly Entry[];
  readonly group: Group | undefined;
}

async function record(records: Records, { entries, group: wanted }: Wanted): Promise<Coming> {
  const isThere = wanted && 'id' in wanted;
  const group = wanted && (isThere ? wanted : await records.addGroup({ ...wanted, state: 'opening' }));
  const recorded: Entry[] = [];
  for (const entry of entries) {
    recorded.push(await records.addEntry({ ...entry, state: 'opening', ...(group && { partOf: group.id }) }));
  }
  return { entries: recorded, group };
}

const TIME_UP = 'Its time was up.';

function linesOf(entries: readonly Entry[], action: Action, { by, why, from }: Cause) {
  return entries.map((entry) => lineOf(entry, action, by, why, from));
}

function lineOfGroup(group: Group, action: Action, by: string, why: string, from?: string) {
  return { action, by, what: group.what, from, why, entry: group.id };
}

function lineOf(entry: Entry, action: Action, by: string, why: string, from?: string) {
  return { action, by, what: entry.network, from, why, entry: entry.id };
}
