/** The tables, as queries see them. Times are milliseconds since the epoch, lists are JSON; no column knows a time zone. */
import type { Generated } from 'kysely';
import type { Permission } from '../domain/country';
import type { EntryKind, EntryState, GroupKind } from '../domain/entry';
import type { Mode } from '../domain/firewall';
import type { Action } from '../domain/journal';
import type { Peer } from '../domain/phones';

export interface Schema {
  readonly accounts: AccountRow;
  readonly entries: EntryRow;
  readonly tries: TriesRow;
  readonly failures: FailureRow;
  readonly journal: JournalRow;
  readonly journal_head: JournalHeadRow;
  readonly letters: LetterRow;
  readonly modes: ModeRow;
  readonly heard: HeardRow;
  readonly revision: RevisionRow;
  readonly countries: CountryRow;
  readonly address_ranges: RangeRow;
  readonly told: ToldRow;
  readonly tried: TriedRow;
  readonly pepper: PepperRow;
}

export interface AccountRow {
  readonly number: string;
  readonly name: string;
  readonly email: string;
  readonly pin_hash: string | null;
  readonly services: string;
  readonly extensions: string;
  readonly callers: string;
  readonly max_open: number;
  readonly lease_seconds: number;
  readonly disabled_at: number | null;
  readonly created_at: number;
}

/** An entry, or a group of them: then `network` is empty and its kind says so. They share their ids, which people type. */
export interface EntryRow {
  readonly id: Generated<number>;
  readonly kind: EntryKind | GroupKind;
  readonly what: string;
  readonly network: string;
  readonly services: string;
  readonly account: string | null;
  readonly opened_by: string;
  readonly since: number;
  /** null: for good. */
  readonly until: number | null;
  readonly name: string | null;
  readonly note: string | null;
  readonly state: EntryState;
  readonly proved_at: number | null;
  /** When the traveller was told that it ends soon. */
  readonly warned_at: number | null;
  /** The lease has ended, but a call's sound may go on until then; null: it may not. */
  readonly media_until: number | null;
  /** The PBX that it was opened on. */
  readonly pbx: string | null;
  /** When somebody closed it; null: nobody did, or it was renewed. */
  readonly revoked_at: number | null;
  /** See `revision.ts`: the count at its last change, and the PBX that changed it. */
  readonly revision: number;
  readonly changed_on: string | null;
  /** The group's id. */
  readonly part_of: number | null;
  /** 1: the admin's own way in. */
  readonly is_primary: number | null;
  readonly origin: string | null;
  /** Who revoked what its import had brought; null: nobody, or no import. */
  readonly declined_by: string | null;
  readonly stale_since: number | null;
  readonly stale_told_at: number | null;
  /** Networks as JSON. */
  readonly refused: string | null;
  readonly checked_by: string | null;
  readonly checked_at: number | null;
}

interface TriesRow {
  readonly subject: string;
  readonly failures: number;
  readonly locks: number;
  readonly locked_until: number | null;
  /** null: before there was this column. */
  readonly saved_at: number | null;
}

interface FailureRow {
  readonly id: Generated<number>;
  readonly subject: string;
  readonly failed_at: number;
}

export interface JournalRow {
  readonly id: Generated<number>;
  readonly happened_at: number;
  readonly action: Action;
  readonly done_by: string;
  readonly what: string;
  readonly done_from: string | null;
  readonly why: string;
  readonly entry: number | null;
  readonly previous: string | null;
  /** See `journal-chain.ts`. */
  readonly hash: string;
  /** Where it happened; not in the chain. */
  readonly pbx: string | null;
}

/** One row, id 1: how many lines there have been, and the newest one's id and hash. */
interface JournalHeadRow {
  readonly id: number;
  readonly lines: number;
  readonly last_line: number;
  readonly hash: string;
  /** How many of them were forgotten, and the last one's id, hash and time: what is kept hangs on it. null: none was. */
  readonly forgotten_lines: number | null;
  readonly forgotten_line: number | null;
  readonly forgotten_hash: string | null;
  readonly forgotten_until: number | null;
}

/** `queued` letters have a next try, the others none. */
export type LetterState = 'queued' | 'sent' | 'failed';

export interface LetterRow {
  readonly id: Generated<number>;
  readonly message_id: string;
  readonly to_name: string;
  readonly to_address: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly queued_at: number;
  readonly tries: number;
  readonly state: LetterState;
  readonly next_try_at: number | null;
  readonly sent_at: number | null;
  readonly last_error: string | null;
  /** The PBX that sends it. */
  readonly pbx: string | null;
}

export interface CountryRow {
  readonly country: string;
  readonly permission: Permission;
  readonly done_by: string;
  readonly done_at: number;
}

export interface RangeRow {
  /** See `countries.ts`. */
  readonly span: string;
  readonly permission: Permission;
  readonly done_by: string;
  readonly done_at: number;
  readonly note: string | null;
}

/** One row, id 1. */
interface RevisionRow {
  readonly id: number;
  readonly number: number;
}

/** One row for each PBX. */
export interface ModeRow {
  readonly pbx: string;
  readonly mode: Mode | null;
  readonly trial_mode: Mode | null;
  readonly trial_until: number | null;
  /** `ListeningPorts` as JSON. */
  readonly listening: string | null;
  /** `Links` as JSON. */
  readonly links: string | null;
  /** The connections that stood when the trial began, as a JSON list. */
  readonly trial_connections: string | null;
}

/** One row for each address that a PBX heard a phone or trunk from. */
interface HeardRow {
  /** PBX and address. */
  readonly id: string;
  readonly pbx: string;
  readonly network: string;
  readonly kind: Peer['kind'];
  readonly name: string;
  readonly heard_at: number;
}

/** One row for each subject that a PBX tells news of. */
interface ToldRow {
  /** PBX and subject. */
  readonly id: string;
  /** A JSON list of the marks of what was told: see `told.ts`. */
  readonly news: string;
  readonly told_at: number;
}

/** One row for each address that tried a password of an account lately, as a PBX saw it. */
interface TriedRow {
  /** A hash of the three. */
  readonly id: string;
  readonly pbx: string;
  readonly account: string;
  readonly network: string;
  readonly tried_at: number;
}

/** One row. */
export interface PepperRow {
  readonly id: number;
  readonly mark: string;
  /** The PBX that left it. */
  readonly pbx: string;
  readonly marked_at: number;
}
