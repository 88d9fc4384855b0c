/** What commands show of backups and scripts read with `--json`: stable shapes, dates as ISO text. */
import type { Mode } from './firewall';
import type { EntryShape } from './shapes';

export interface BackupShape {
  readonly id: string;
  readonly at: string;
  /** What was about to be done. */
  readonly why: string;
  readonly mode: Mode | null;
  /** Entries that were open. */
  readonly open: number;
}

export interface RestoredShape {
  readonly backup: BackupShape;
  readonly mode: Mode;
  /** What is open again, or with `--dry-run` would be. */
  readonly opened: readonly EntryShape[];
  /** What was opened since and is closed. */
  readonly closed: readonly EntryShape[];
  /** What was opened since and stays: the admin's own ways in. */
  readonly kept: readonly EntryShape[];
  /** What a backup does not bring back, one sentence each. */
  readonly left: readonly string[];
  /** Entries of the backup whose time is over. */
  readonly over: number;
  /** What was sent to the kernel besides. */
  readonly lines: readonly string[];
}
