/** Attempts to log in to Asterisk, as it tells them: what attackers are recognised by. */
import type { Network } from './network';

export type Driver = 'PJSIP' | 'SIP' | 'IAX2' | 'AMI';

/**
 * Does the sender receive what is sent to the address that he wrote? `connection`: TCP, TLS, a WebSocket, or an IAX2 call
 * token. `answer`: he answered a challenge over UDP, or made up both, which Asterisk tells alike. `no`: one packet, which
 * anybody may have written in anybody's name.
 */
export type WayBack = 'connection' | 'answer' | 'no';

export type LoginOutcome = 'good' | 'wrong-password' | 'unknown-account' | 'refused';

export interface Login {
  readonly driver: Driver;
  readonly address: Network;
  /** The sender's text, at most 64 characters. Undefined: Asterisk does not tell it. */
  readonly account: string | undefined;
  readonly outcome: LoginOutcome;
  readonly wayBack: WayBack;
}
