/** Where Asterisk's manager interface is, and how patient we are with it. */
import type { Clock, Random } from '../ports';

export interface AmiSettings {
  readonly host: string;
  /** A TCP port, or the path of a unix socket. */
  readonly port: number | string;
  readonly user: string;
  readonly secret: string;
  /** Encrypted from the first byte; `checkCertificate` false accepts any certificate. Undefined: in the clear. */
  readonly tls?: { readonly checkCertificate: boolean };
  /** Users of this machine, besides root, that Asterisk may run as: names or numbers. Empty or undefined: not looked at. */
  readonly runBy?: readonly string[];
  /** Numbers to make small in a test; the rest as in `PATIENCE`. */
  readonly patience?: Partial<Patience>;
}

export interface Patience {
  /** Milliseconds for connecting and logging in together. */
  readonly loginMs: number;
  /** Milliseconds for one answer. */
  readonly actionMs: number;
  /** Milliseconds for a whole list. */
  readonly listMs: number;
  /** Milliseconds between two pings. */
  readonly pingMs: number;
  /** Milliseconds for Asterisk to say that it has fully booted after it let us in. */
  readonly bootMs: number;
  /** Milliseconds until the first new try; doubled up to `longestRetryMs`. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** The same after a refused login, which fail2ban and the like may count. */
  readonly refusedRetryMs: number;
  readonly longestRefusedRetryMs: number;
}

export const PATIENCE: Patience = {
  loginMs: 5_000,
  actionMs: 5_000,
  listMs: 10_000,
  pingMs: 15_000,
  bootMs: 120_000,
  retryMs: 500,
  longestRetryMs: 30_000,
  refusedRetryMs: 30_000,
  longestRefusedRetryMs: 600_000,
};

export interface AmiPorts {
  readonly clock: Clock;
  readonly random: Random;
}
