/** Mail: what is to be told (a notice) and what is to be sent (a letter). */
import type { Account } from './account';
import type { Entry, Until } from './entry';
import type { Network } from './network';

/** Something that people are told by mail. `src/mail` words it. */
export type Notice =
  | {
      readonly kind: 'opened';
      readonly account: Account;
      /** Where it is; undefined: not known. */
      readonly country?: string | undefined;
      readonly entry: Entry;
      readonly renewed: boolean;
      readonly caller: string | undefined;
      readonly closed: readonly Entry[];
    }
  | {
      readonly kind: 'closed';
      readonly account: Account;
      readonly entries: readonly Entry[];
      readonly caller: string | undefined;
    }
  | {
      /** Closed by somebody else than the traveller. */
      readonly kind: 'revoked';
      readonly account: Account;
      readonly entries: readonly Entry[];
      readonly by: string;
      readonly why: string;
    }
  | { readonly kind: 'ending'; readonly account: Account; readonly entry: Entry }
  | { readonly kind: 'pin-changed'; readonly account: Account; readonly by: string }
  | { readonly kind: 'locked'; readonly account: Account; readonly until: Date; readonly caller: string | undefined }
  | { readonly kind: 'guessing'; readonly failures: number; readonly since: Date }
  /** What was noticed of attackers and strangers since the last such mail; `more` were left out. */
  | { readonly kind: 'intruders'; readonly since: Date; readonly news: readonly IntruderNews[]; readonly more: number }
  /** Somebody else changes the firewall again and again: so often within a minute; what was changed last. */
  | { readonly kind: 'disturbed'; readonly times: number; readonly what: string }
  /** A name or provider whose addresses cannot be asked for; the last good ones stay open. */
  | { readonly kind: 'name-stale'; readonly what: string; readonly since: Date; readonly why: string }
  | { readonly kind: 'name-back'; readonly what: string; readonly since: Date }
  | {
      readonly kind: 'name-refused';
      readonly what: string;
      readonly refused: readonly Network[];
      /** The rest of the answer, which is open. */
      readonly used: readonly Network[];
    }
  /** The admin's own way in leads to an address that somebody has blocked by hand. */
  | { readonly kind: 'way-in-blocked'; readonly what: string; readonly address: Network; readonly block: Entry }
  /** The country data are so many days old, and good for `most`. */
  | {
      readonly kind: 'country-old';
      readonly source: string;
      readonly dated: Date;
      readonly days: number;
      readonly most: number;
    }
  /** FreePBX has something that is not let in, or no longer has what was; `applied`: it was carried out already. */
  | { readonly kind: 'exchange'; readonly lines: readonly ExchangeLine[]; readonly applied: boolean }
  | { readonly kind: 'test'; readonly to: string };

export interface ExchangeLine {
  readonly state: 'new' | 'changed' | 'gone' | 'same' | 'revoked' | 'refused';
  readonly what: string;
  /** `trunk 3 "callcentric": sip_server`. Foreign text. */
  readonly why: string;
}

export interface IntruderNews {
  /** Who guesses passwords, or who comes from where nobody is permitted. */
  readonly kind: 'attack' | 'stranger';
  readonly at: Date;
  /** An address, or the account that many addresses try. */
  readonly what: string;
  readonly country: string | undefined;
  /** Undefined: it was only told. */
  readonly blockedUntil: Until | undefined;
  /** One sentence, with foreign text in it. */
  readonly why: string;
}

export interface Address {
  readonly name: string;
  /** One validated mailbox, never a list. */
  readonly address: string;
}

export interface Letter {
  readonly to: Address;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface QueuedLetter extends Letter {
  readonly id: number;
  /** One Message-ID for ever, so that a letter sent again is recognised. */
  readonly messageId: string;
  readonly queuedAt: Date;
  readonly tries: number;
}
