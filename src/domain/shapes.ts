/** What commands show and scripts read with `--json`: stable shapes, dates as ISO text. */
import type { Mode } from './firewall';

export interface EntryShape {
  readonly id: number;
  readonly what: string;
  readonly kind: 'address' | 'network' | 'block' | 'name' | 'provider' | 'range';
  readonly addresses: readonly string[];
  readonly services: readonly string[];
  readonly account: string | null;
  readonly by: string;
  readonly since: string;
  /** null: for good. */
  readonly until: string | null;
  readonly name: string | null;
  readonly note: string | null;
  readonly state: 'active' | 'provisional' | 'stale' | 'ended';
  /** The admin's own way in. */
  readonly primary: boolean;
  /** The import that brought it; null: a person. */
  readonly origin: string | null;
  /** Where its first address is; null: not known. Only `list` tells it. */
  readonly country?: string | null;
  /** The PBX that it was opened on. */
  readonly pbx: string | null;
}

/** What was let in, and what became of the blocks in its way. */
export interface AllowedShape extends EntryShape {
  /** Tollgate's own, which ended with it. */
  readonly unblocked: readonly EntryShape[];
  /** These go before it: nobody comes in there. */
  readonly stillBlockedBy: readonly EntryShape[];
}

export interface AccountShape {
  readonly number: string;
  readonly name: string;
  readonly email: string;
  readonly services: readonly string[];
  readonly extensions: readonly string[];
  readonly callers: readonly string[];
  readonly maxOpen: number;
  readonly leaseSeconds: number;
  readonly disabled: boolean;
  readonly hasPin: boolean;
  readonly lockedUntil: string | null;
  readonly open: readonly EntryShape[];
}

export interface JournalShape {
  readonly id: number;
  readonly at: string;
  readonly action: string;
  readonly by: string;
  readonly what: string;
  readonly from: string | null;
  readonly why: string;
  readonly entry: number | null;
  /** The PBX that it happened on. */
  readonly pbx: string | null;
}

/** `lines`: how many of those that are kept fit. `head`: the hash that stands for all of them; null: not all fit. */
export interface JournalCheckShape {
  readonly ok: boolean;
  readonly lines: number;
  readonly head: string | null;
  /** Lines that were forgotten because of their age, and when the last of them happened. */
  readonly forgotten?: { readonly lines: number; readonly until: string };
  /** The first line that does not fit. */
  readonly broken: { readonly line: number; readonly why: string } | null;
}

export interface Reason {
  readonly step: string;
  readonly text: string;
  readonly entry: number | null;
  readonly since: string | null;
  readonly by: string | null;
  readonly packets: number | null;
  readonly hint: string | null;
}

export interface ExplainShape {
  readonly address: string;
  readonly country: string | null;
  readonly verdict: Readonly<Record<string, 'accept' | 'drop'>>;
  readonly because: readonly Reason[];
}

export interface StatusPart {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail' | 'off';
  readonly since: string | null;
  readonly detail: string;
  readonly hint: string | null;
}
export interface StatusShape {
  readonly ok: boolean;
  readonly mode: Mode | null;
  readonly parts: readonly StatusPart[];
}

export interface ModeShape {
  readonly mode: Mode | null;
  readonly trial: { readonly mode: Mode; readonly until: string } | null;
  /** What was sent to the kernel, or with `--dry-run` would be. */
  readonly lines: readonly string[];
  /** Who would be cut off: a phone, trunk or connection that nothing lets in, a trunk of which nobody says where it is. */
  readonly lost: readonly string[];
  /** What was found around the machine. */
  readonly found?: readonly FoundShape[];
  /** In mode watch: who of those that were heard in the last day, or are connected now, would be lost in a stricter one. */
  readonly wouldLose?: Readonly<Record<'guard' | 'secure', readonly string[]>>;
}

/** `gateway`, `192.168.1.1 on eth0`. */
export interface FoundShape {
  readonly what: string;
  readonly text: string;
}

export interface ProposalShape {
  readonly state: 'new' | 'changed' | 'gone' | 'same' | 'revoked' | 'refused';
  readonly what: string;
  readonly services: readonly string[];
  readonly name: string | null;
  readonly why: string;
  readonly hint: string | null;
  /** The entry that is there, or that was made. */
  readonly entry: number | null;
}

export interface ImportShape {
  /** Which import: `plain`, `iptables`, `freepbx`, `asterisk`. */
  readonly origin: string;
  readonly applied: boolean;
  readonly proposals: readonly ProposalShape[];
}
