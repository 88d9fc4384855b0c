/** What a conversation asks of the product. `src/gate` answers. */
import type { CountryCode } from './country';
import type { Entry } from './entry';
import type { Network } from './network';
import type { Reach } from './reach';

/** Who is on the line: the number shown and the channel, for locks and the journal. */
export interface Caller {
  readonly number: string | undefined;
  readonly channel: string;
}

/** A caller whose account and PIN were right. */
export interface Traveller {
  readonly account: string;
  /** His open addresses when he came in, oldest first. */
  readonly open: readonly Entry[];
}

/** Why an address may not be opened. */
export type Reason = Exclude<Reach, 'public'> | 'own' | 'blocked' | 'denied';

export interface Refusal {
  readonly reason: Reason;
  /** Of an address that is denied, where the data know it. */
  readonly country?: CountryCode;
}

/** A door that the kernel has confirmed and the store has committed. */
export interface Opened {
  readonly entry: Entry;
  readonly renewed: boolean;
  /** Closed because the account had one more than allowed. */
  readonly closed: readonly Entry[];
}

export interface Doorkeeper {
  /** Judges account and PIN together; undefined for unknown, disabled, wrong and locked alike. Rejects: try later. */
  identify(account: string, pin: string, caller: Caller): Promise<Traveller | undefined>;
  /** Would account or caller be refused whatever the PIN? For `TOLLGATE_RESULT` alone; it is never spoken. */
  isLocked(account: string, caller: Caller): Promise<boolean>;
  /** Changes nothing; undefined: it may be opened. */
  refusalOf(address: Network): Promise<Refusal | undefined>;
  /** Resolves only when store and kernel have it; rejects with nothing half done. */
  open(traveller: Traveller, address: Network, caller: Caller): Promise<Opened>;
  /** Closes every open address of the account; resolves to those closed. */
  closeAll(traveller: Traveller, caller: Caller): Promise<readonly Entry[]>;
  /** Gives every open address of the account its full lease from now; resolves to them. */
  renewAll(traveller: Traveller, caller: Caller): Promise<readonly Entry[]>;
  openNow(traveller: Traveller): Promise<readonly Entry[]>;
  /** For rounding times in speech. */
  now(): Date;
}
