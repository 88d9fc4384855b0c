/** What carries a letter away: a relay (`relay.ts`) or a folder (`files.ts`). */
import type { Letter } from '../domain/letter';

/** A letter with what makes it the same letter when it is sent again. */
export interface Posted extends Letter {
  readonly messageId: string;
  readonly queuedAt: Date;
}

/**
 * `sent`: the other side has it, and said so. `later`: it has not, or its answer never came; `down` when that is no fault of
 * this letter, so that the next one would fare no better. `refused`: it never will.
 */
export type Delivery =
  | { readonly kind: 'sent'; readonly answer: string }
  | { readonly kind: 'later'; readonly why: string; readonly hint: string; readonly down: boolean }
  | { readonly kind: 'refused'; readonly why: string; readonly hint: string };

export interface Transport {
  /** Always resolves. `signal` cuts it short: `later`. */
  send(letter: Posted, signal: AbortSignal): Promise<Delivery>;
}
