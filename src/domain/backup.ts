/** What the firewall was before each change of its rules. `src/backup-folder.ts` keeps it. */
import type { Until } from './entry';
import type { ModeState } from './store';

/** The kernel in its tools' own words, whoever made it: for people, and to compare. */
export interface Snapshot {
  /** Of `iptables-save`, all tables. */
  readonly iptables: string;
  readonly ip6tables: string;
  /** Of `ipset save`, but with the moment at which a member ends (`until 2026-11-22T13:05:00.000Z`) for its seconds left. */
  readonly ipset: string;
}

/** `20261122-130500`, by the clock of UTC; `-2` behind it for the second in one second. */
type BackupId = string;

export interface Backup {
  readonly id: BackupId;
  readonly at: Date;
  /** What was about to be done. */
  readonly why: string;
  /** How strict it was. Settings are not part of it. */
  readonly state: ModeState;
  /** The entries and groups that were open, with their ends. */
  readonly open: readonly { readonly id: number; readonly until: Until }[];
  readonly kernel: Snapshot;
}
export type NewBackup = Omit<Backup, 'id'>;

export interface Backups {
  /** On disk when it resolves; the oldest give way. Rejects with FIREWALL_FAILED. */
  save(backup: NewBackup): Promise<BackupId>;
  /** Newest first; a damaged one is left out, with a line in the log. */
  list(): Promise<readonly Backup[]>;
  /** Undefined: there is none of this name. Rejects with FIREWALL_FAILED when it is damaged. */
  read(id: BackupId): Promise<Backup | undefined>;
}
