/** What Asterisk tells about phones and calls, and what it can be asked. `src/asterisk` speaks AMI for it. */
import type { Known } from './far-ends';
import type { Login } from './login';
import type { Network } from './network';
import type { Ports } from './service';

export interface PhonesState {
  readonly state: 'up' | 'reduced' | 'down' | 'off';
  readonly since: Date;
  /** Why, as Asterisk or the socket said it. */
  readonly detail: string;
}

/** A good password from an address: the proof that it belongs to that account. */
export interface Proof {
  /** Attacker-controlled only before the password was right; here it is a real account of Asterisk. */
  readonly extension: string;
  readonly address: Network;
}

/** One phone or trunk that Asterisk knows now. */
export interface Peer {
  readonly name: string;
  /** Its driver: `PJSIP`, `SIP` or `IAX2`. */
  readonly channel?: string;
  /** A network, when a trunk may call from anywhere in it. */
  readonly address: Network | undefined;
  /** The name by which alone Asterisk's settings have it; then `address` is undefined, or was found in DNS. */
  readonly host?: string;
  readonly kind: 'phone' | 'trunk';
}

/** One of them whose address is known. */
export interface HeardPeer extends Peer {
  readonly address: Network;
}

export interface ListeningPorts {
  readonly sip: readonly Ports[];
  readonly iax: readonly Ports[];
}

/** An address of this PBX as others see it, behind a router. */
export interface OutsideAddress {
  readonly address: Network;
  /** Where Asterisk says so: `Asterisk's transport udp (external_signaling_address)`. */
  readonly from: string;
}

export interface Phones {
  readonly state: PhonesState;
  /** Registered phones and trunks; rejects with AMI_DOWN when Asterisk does not answer. */
  peers(): Promise<readonly Peer[]>;
  /** The far ends that Asterisk's settings and lists name, for an import; rejects as `peers` does. */
  known(): Promise<Known>;
  /**
   * Those of these PJSIP endpoints that are known to have no `rtp_keepalive`: where Asterisk waits for sound, it sends
   * none. Rejects as `peers` does.
   */
  waitingForMedia(endpoints: readonly string[]): Promise<readonly string[]>;
  /** What Asterisk's own settings say, as far as they may be read; rejects as `peers` does. */
  outsideAddresses(): Promise<readonly OutsideAddress[]>;
  /** The ports on which Asterisk really listens for signalling, other than loopback. */
  listeningPorts(): Promise<ListeningPorts>;
  /** The channels whose signalling comes from inside `network`. Rejects with AMI_DOWN or AMI_REFUSED: nobody can say. */
  callsFrom(network: Network): Promise<readonly string[]>;
  /** Hangs up every channel whose signalling comes from inside `network`; resolves to their names. */
  hangUp(network: Network): Promise<readonly string[]>;
  /** Removes the contacts that registered from inside `network`; resolves to their names. */
  forgetContacts(network: Network): Promise<readonly string[]>;
  /** Registers a listener; the returned function ends it. */
  onProof(listener: (proof: Proof) => void): () => void;
  /** Told of every login, good or not; the listener must return at once. The returned function ends it. */
  onLogin(listener: (login: Login) => void): () => void;
}
