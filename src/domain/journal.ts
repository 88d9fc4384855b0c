/** The one list of everything that changed a door. */
export type Action =
  | 'allow'
  | 'renew'
  | 'revoke'
  | 'ended'
  | 'follow'
  | 'block'
  | 'unblock'
  | 'prove'
  | 'login-failed'
  | 'locked'
  | 'unlock'
  | 'account-add'
  | 'account-set'
  | 'account-pin'
  | 'account-disable'
  | 'account-enable'
  | 'account-remove'
  | 'mode'
  | 'trial'
  | 'confirm'
  | 'rollback'
  | 'firewall'
  | 'attack'
  | 'stranger'
  | 'country'
  | 'country-data'
  | 'range'
  | 'pepper'
  | 'undo'
  | 'failed';

export interface JournalLine {
  readonly id: number;
  readonly at: Date;
  readonly action: Action;
  /** `account 12`, `root`, `kernel`, … */
  readonly by: string;
  /** The door or account that it is about: an address, an account number, a mode. */
  readonly what: string;
  /** From where: the caller's number as shown, or `command`. Foreign text. */
  readonly from: string | undefined;
  /** One sentence. */
  readonly why: string;
  /** The entry that `undo` of this line acts on; undefined: this line cannot be undone that way. */
  readonly entry: number | undefined;
  /** What it was before, for `undo`: JSON; undefined: nothing. */
  readonly before: string | undefined;
  /** The PBX that it happened on, where PBXs have names. */
  readonly pbx?: string;
}
export type NewJournalLine = Omit<JournalLine, 'id' | 'at' | 'pbx'>;

/** Lines that were forgotten because of their age: how many, and when the last of them happened. */
interface Forgotten {
  readonly lines: number;
  readonly until: Date;
}

/**
 * Is the journal as it was written? `lines`: how many of those that are kept fit. `head`: the newest line's hash, which stands for all of them;
 * who notes it down elsewhere can tell a journal that was written anew. `line`: the first that does not fit.
 */
export type JournalCheck =
  | { readonly kind: 'unbroken'; readonly lines: number; readonly head: string; readonly forgotten?: Forgotten }
  | { readonly kind: 'broken'; readonly lines: number; readonly line: number; readonly why: string };
