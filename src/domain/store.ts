/** What is remembered. `src/store` keeps it in SQLite or MariaDB. All queries reject with STORE_FAILED. */
import type { Account } from './account';
import type { AddressRange } from './address-range';
import type { CountryCode, CountryRule, CountryRules, RangeRule } from './country';
import type { Declined, Entry, EntryKind, EntryState, Group, NewEntry, NewGroup, OpenEntry, Until } from './entry';
import type { Mode } from './firewall';
import type { JournalCheck, JournalLine, NewJournalLine } from './journal';
import type { Letter, QueuedLetter } from './letter';
import type { Network } from './network';
import type { HeardPeer, ListeningPorts } from './phones';
import type { Links } from './surroundings';
import type { Tried } from './targets';

/** The count of failures of one subject: an account (existing or not), a caller's number, … */
export interface Tries {
  readonly subject: string;
  /** Failures since the last good PIN or unlock. */
  readonly failures: number;
  /** How often it was locked since then. */
  readonly locks: number;
  readonly lockedUntil: Date | undefined;
}

export interface ModeState {
  /** The mode last confirmed; undefined: `init` has not run, or `firewall remove` has. */
  readonly mode: Mode | undefined;
  readonly trial: Trial | undefined;
  /** The ports on which Asterisk was found listening when the mode was chosen; a restart adds none by itself. */
  readonly listening: ListeningPorts | undefined;
  /** How the machine was connected when the mode was chosen. */
  readonly links?: Links;
}

interface Trial {
  readonly mode: Mode;
  readonly until: Date;
  /** Prints of the connections that stood when it began (`gate/modes/connection.ts`): they prove nothing. */
  readonly connections?: readonly string[];
}

export interface EntryPatch {
  readonly until?: Until;
  readonly state?: EntryState;
  readonly provedAt?: Date;
  readonly services?: readonly string[];
  readonly note?: string;
  readonly warnedAt?: Date;
  /** Somebody closed it: its calls end too, on every PBX. */
  readonly revokedAt?: Date;
  /** Who revoked what its import had brought: the import does not bring it back. */
  readonly declinedBy?: string;
  /** The ended lease's media may go on until then; `over`: no longer. */
  readonly mediaUntil?: Date | 'over';
}

export interface GroupPatch {
  readonly until?: Until;
  readonly state?: EntryState;
  readonly note?: string;
  /** `fresh`: its addresses are known again. */
  readonly staleSince?: Date | 'fresh';
  readonly staleToldAt?: Date | 'not';
  readonly refused?: readonly Network[];
  /** This PBX follows it, and looks now. */
  readonly checkedAt?: Date;
  /** As an entry's. */
  readonly declinedBy?: string;
}

/** What may be forgotten. */
export interface Older {
  /** Lines of the journal from before, what had ended by then, and tries since which nothing was tried. */
  readonly journal: Date;
  /** Letters that were sent before. */
  readonly letters: Date;
}

/** Which pepper PINs are kept with, without the pepper itself. */
export interface PepperMark {
  /** The same for the same pepper. */
  readonly mark: string;
  /** The PBX that left it, and when. */
  readonly pbx: string;
  readonly at: Date;
}

export interface Records {
  account(number: string): Promise<Account | undefined>;
  accounts(): Promise<Account[]>;
  /** Adds it or replaces the one of the same number. */
  saveAccount(account: Account): Promise<void>;
  removeAccount(number: string): Promise<void>;

  entry(id: number): Promise<Entry | undefined>;
  /** Open entries whose end has not come, oldest first. */
  liveEntries(now: Date, kind?: EntryKind): Promise<Entry[]>;
  /** The same, of all kinds, in no order and only what the kernel is told: there may be a hundred thousand. */
  openEntries(now: Date): Promise<OpenEntry[]>;
  /** Live entries for exactly this network. */
  liveEntriesOn(network: Network, now: Date): Promise<Entry[]>;
  /** Live entries of every network that covers this one, itself included. */
  liveEntriesCovering(network: Network, now: Date): Promise<Entry[]>;
  /** Live `block` entries whose network covers one of these, of which there may be very many; each once. */
  liveBlocksOver(networks: readonly Network[], now: Date): Promise<Entry[]>;
  /** Live `allow` entries of wide networks (`WIDE`), oldest first; there are few, however many are live. */
  liveWideEntries(now: Date): Promise<Entry[]>;
  /** Entries around this network that ended since then, the last to end first, at most `limit`. */
  endedEntriesCovering(network: Network, since: Date, limit: number): Promise<Entry[]>;
  liveEntriesOf(account: string, now: Date): Promise<Entry[]>;
  /** Live entries that are exactly this network; without one the entry of this id, or those that are called or were asked for so. */
  liveEntriesCalled(what: string | number, network: Network | undefined, now: Date): Promise<Entry[]>;
  /** Every entry that ended or not since `since`, newest first, at most `limit`. */
  recentEntries(since: Date, limit: number): Promise<Entry[]>;
  addEntry(entry: NewEntry): Promise<Entry>;
  changeEntry(id: number, patch: EntryPatch): Promise<void>;
  /** Entries and groups left `opening` by a process of this PBX that died: marked ended; the entries are returned. */
  dropOpening(): Promise<Entry[]>;
  /** `open` entries whose end has come: marked ended, and returned. */
  endDue(now: Date): Promise<Entry[]>;
  /** Accounts' open leases of at least `seconds` that end up to `until` and that nobody was warned of yet. */
  leasesToWarnOf(now: Date, until: Date, seconds: number): Promise<Entry[]>;
  /** Ended leases with `mediaUntil`, the first to end first. */
  outlastedLeases(): Promise<Entry[]>;

  group(id: number): Promise<Group | undefined>;
  /** Open groups whose end has not come, oldest first. */
  liveGroups(now: Date): Promise<Group[]>;
  addGroup(group: NewGroup): Promise<Group>;
  changeGroup(id: number, patch: GroupPatch): Promise<void>;
  /** The live entries that are part of it, oldest first. */
  liveEntriesIn(group: number, now: Date): Promise<Entry[]>;
  /** Open groups whose end has come: marked ended, and returned. */
  endDueGroups(now: Date): Promise<Group[]>;

  /** What people revoked of this import, on this PBX, and have not had back since; never forgotten. */
  declined(origin: string): Promise<Declined[]>;

  /** How often exactly this network was blocked since then by what this origin stands for. */
  blocksSince(network: Network, origin: string, since: Date): Promise<number>;

  tries(subject: string): Promise<Tries>;
  /** `at`: from when on it is as old as what `forget` takes. */
  saveTries(tries: Tries, at: Date): Promise<void>;
  /** One failed try, for counts over a time; kept for a day. */
  addFailure(subject: string, at: Date): Promise<void>;
  failuresSince(subject: string, since: Date): Promise<number>;
  /** Takes back the one failure of `subject` at `at`: the PIN was right. */
  takeBackFailure(subject: string, at: Date): Promise<void>;

  addJournal(line: NewJournalLine, at: Date): Promise<JournalLine>;
  journalLine(id: number): Promise<JournalLine | undefined>;
  /** Lines after this id, oldest first. */
  journalAfter(id: number, limit: number): Promise<JournalLine[]>;
  /** The newest lines since `since`, oldest first, at most `limit`. */
  journalSince(since: Date, limit: number): Promise<JournalLine[]>;
  /** Walks all that is kept of it. */
  checkJournal(): Promise<JournalCheck>;

  /** `at`: when it was queued and may first be sent. */
  queueLetter(letter: Letter, messageId: string, at: Date): Promise<QueuedLetter>;
  /** Letters whose next try is due, oldest first. */
  dueLetters(now: Date, limit: number): Promise<QueuedLetter[]>;
  letterSent(id: number, at: Date): Promise<void>;
  /** `nextTry` undefined: given up, kept for the admin to see. */
  letterFailed(id: number, error: string, nextTry: Date | undefined): Promise<void>;
  letterCounts(): Promise<{ waiting: number; failed: number; sent: number; lastError: string | undefined }>;

  /** Counts every transaction that changed an entry, on whichever PBX. */
  revision(): Promise<number>;
  /** Entries that another PBX has changed after this revision, first changed first. */
  changedElsewhere(since: number): Promise<Entry[]>;

  /** Countries by their letters, ranges in order. */
  countryRules(): Promise<CountryRules>;
  /** Adds it or replaces what was said of the same country. */
  saveCountry(rule: CountryRule): Promise<void>;
  removeCountry(country: CountryCode): Promise<void>;
  /** Adds it or replaces what was said of exactly this range. */
  saveRange(rule: RangeRule): Promise<void>;
  removeRange(range: AddressRange): Promise<void>;

  /** Of this PBX. */
  modeState(): Promise<ModeState>;
  saveModeState(state: ModeState): Promise<void>;
  /** Was there a mode, and then none? */
  isModeRemoved(): Promise<boolean>;

  /** Those of `news` that nobody on this PBX was told of yet under this subject, in their order. */
  untold(subject: string, news: readonly string[]): Promise<string[]>;
  /** From now on these, and no others, were told under this subject. */
  saveTold(subject: string, news: readonly string[], at: Date): Promise<void>;

  /** Phones and trunks that this PBX heard since `since` (a day is kept), each address once, the latest first. */
  heardSince(since: Date): Promise<HeardPeer[]>;
  saveHeard(heard: readonly HeardPeer[], at: Date): Promise<void>;

  /** Addresses that tried a password of an account on this PBX, each pair once, the latest first; 20,000 are kept. */
  triedSince(since: Date): Promise<Tried[]>;
  /** Adds these, or their new times, and forgets what is older than `keptSince`. */
  saveTried(tried: readonly Tried[], keptSince: Date): Promise<void>;
  /** Undefined: no PBX has started with this store yet. */
  pepperMark(): Promise<PepperMark | undefined>;
  /** Unless there is one already; resolves to the one that counts. */
  leavePepperMark(mark: string, at: Date): Promise<PepperMark>;
  /** In place of the one that is there. */
  savePepperMark(mark: string, at: Date): Promise<void>;

  /** Takes away a bounded part of what is older; resolves to how many rows that were, none when nothing is. */
  forget(older: Older, now: Date): Promise<number>;
}

export interface Store extends Records {
  /**
   * All of it or nothing; `work` must use `records` only. On the disk when it resolves: without `onDisk`, for what stands
   * for nothing until more follows, maybe only when that is.
   */
  transaction<T>(work: (records: Records) => Promise<T>, how?: { readonly onDisk: boolean }): Promise<T>;
  close(): Promise<void>;
}
