/**
 * Opening and closing: store first, then the kernel's word, then the store's "open". Whoever awaits one of these may
 * tell people that it is so. Everything that changes members runs one at a time.
 */
import { changesFor, groupByNetwork, mediaEnd } from '../domain/elements';
import { isBefore, type Entry, type NewEntry } from '../domain/entry';
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

  /**
   * Opens (or blocks) `wanted`, and ends what `replaces` names in the same step: `superseded` entries silently, because
   * the new one stands for them, `closing` ones with a journal line of their own. Rejects with nothing changed.
   */
  async open(
    wanted: NewEntry,
    cause: Cause,
    replaces: (records: Records) => Promise<{ superseded: readonly Entry[]; closing: readonly Entry[] }>,
  ): Promise<{ entry: Entry; closed: readonly Entry[]; superseded: readonly Entry[] }> {
    const { store, post } = this.#parts;
    const opened = await this.#alone(async () => {
      const { entry, ...ending } = await store.transaction(async (records) => ({
        entry: await records.addEntry({ ...wanted, state: 'opening' }),
        ...(await replaces(records)),
      }));
      const gone = [...ending.superseded, ...(await this.#withOutlasted(ending.closing))];
      const forth = await this.#changes([entry], gone);
      // The way back is known before the first step, because the store may be what fails.
      const back = await this.#changes(gone, [entry]);
      const kernel = await this.#kernel();
      try {
        await kernel(forth);
        await store.transaction((records) => this.#settle(records, entry, ending, cause));
      } catch (error) {
        await this.#takeBack(entry, () => kernel(back), cause, error);
        throw error;
      }
      return { entry: { ...entry, state: 'open' as const }, closed: ending.closing, superseded: ending.superseded };
    });
    post.poke();
    if (opened.closed.length > 0) void this.#cutOff(opened.closed);
    if (wanted.kind === 'block') await this.#cutOff([opened.entry]);
    return opened;
  }

  /**
   * Closes entries. When it resolves, the kernel accepts nothing more through them; calls from addresses that no other
   * entry keeps open are hung up and their contacts removed, as far as Asterisk answers. `tell` queues letters with it.
   */
  async close(entries: readonly Entry[], cause: Cause, tell?: (records: Records) => Promise<void>): Promise<Closed> {
    if (entries.length === 0) return { entries: [], calls: [] };
    const { store, clock, post } = this.#parts;
    const fault = await this.#alone(async () => {
      const leaving = await this.#withOutlasted(entries);
      await store.transaction(async (records) => {
        for (const entry of entries) await this.#end(records, entry, cause);
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
          await write(this.#parts, records, lineOf(entry, 'ended', 'kernel', 'Its time was up.'));
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

  async #settle(
    records: Records,
    entry: Entry,
    ending: { superseded: readonly Entry[]; closing: readonly Entry[] },
    cause: Cause,
  ): Promise<void> {
    await records.changeEntry(entry.id, { state: 'open' });
    const before = ending.superseded.map(({ id, until }) => ({ id, until }));
    for (const old of ending.superseded) {
      await records.changeEntry(old.id, { state: 'ended', until: this.#parts.clock.now() });
    }
    for (const old of ending.closing) {
      const why = `Account ${entry.account ?? ''} has one open address more than allowed; this was the oldest.`;
      await this.#end(records, old, { action: 'revoke', by: cause.by, from: cause.from, why });
    }
    const action = cause.action === 'allow' && before.length > 0 ? 'renew' : cause.action;
    const line = lineOf(entry, action, cause.by, cause.why, cause.from);
    await write(this.#parts, records, { ...line, ...(before.length > 0 && { before: JSON.stringify(before) }) });
    if (cause.notice) await tell(this.#parts, records, cause.notice({ ...entry, state: 'open' }));
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
    if (!ends && over.length === 0) return;
    const before = JSON.stringify([{ id: entry.id, until: entry.until }]);
    await write(this.#parts, records, { ...lineOf(entry, cause.action, cause.by, cause.why, cause.from), before });
  }

  /** The kernel or the store said no after the entry was recorded: neither keeps it. */
  async #takeBack(entry: Entry, back: () => Promise<void>, cause: Cause, error: unknown): Promise<void> {
    const { store, log } = this.#parts;
    const why = error instanceof Error ? error.message : String(error);
    const undo = async () => {
      await back();
      await store.transaction(async (records) => {
        await records.changeEntry(entry.id, { state: 'ended', until: this.#parts.clock.now() });
        await write(this.#parts, records, lineOf(entry, 'failed', cause.by, why, cause.from));
      });
    };
    // What cannot be undone now is undone by the next reconcile: the entry is not `open`.
    await undo().catch((second: unknown) => log('door-not-undone', { entry: entry.id, error: String(second) }));
    log('door-failed', { entry: entry.id, network: entry.network, error: why });
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

function lineOf(entry: Entry, action: Action, by: string, why: string, from?: string) {
  return { action, by, what: entry.network, from, why, entry: entry.id };
}
