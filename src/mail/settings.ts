/** What the mailer needs to be told; the configuration fills it in. */
import type { Address } from '../domain/letter';
import type { When } from './when';

/** `alarms`: locked accounts and the guessing alarm. `everything`: every opened and closed door as well. */
type TellAdmin = 'nothing' | 'alarms' | 'everything';

export interface MailSettings {
  /** The sender of every letter, and who gets those that come back. */
  readonly from: Address;
  /** The admin's address; undefined: he is told nothing. */
  readonly admin: string | undefined;
  readonly tellAdmin: TellAdmin;
  /** An address for alarms of 160 plain characters, which somebody makes text messages of; undefined: none. */
  readonly short: string | undefined;
  /** The server that takes our mail; undefined: letters are written to `folder` as .eml files. */
  readonly relay: Relay | undefined;
  /** Where .eml files go; made if it is missing. */
  readonly folder: string;
  /** How the PBX is called within a sentence: `the PBX`, `Office PBX`. */
  readonly pbxName: string;
  /** How times are told, in which zone. */
  readonly when: When;
  /** The telephone number of the door, as it is to be dialled; undefined: letters just say "call again". */
  readonly numberToDial: string | undefined;
  /** This host's full name, for Message-IDs and the greeting to the relay: `pbx.example.net`. */
  readonly hostName: string;
}

export interface Relay {
  readonly host: string;
  readonly port: number;
  /** `starttls`: encrypted before anything is said, or not sent. `tls`: from the first byte. `none`: in the clear, the secret too. */
  readonly security: 'starttls' | 'tls' | 'none';
  /** Undefined: no login. */
  readonly user: string | undefined;
  readonly secret: string | undefined;
  /** False accepts any certificate, a forger's too. */
  readonly rejectUnauthorized: boolean;
  readonly patience?: Patience;
}

/** How long the relay may take, in milliseconds. */
export interface Patience {
  /** Until the connection stands, name lookup and encryption included. */
  readonly connect: number;
  /** Without a byte from the server. RFC 5321 allows it ten minutes for its last word; cutting it short risks a duplicate. */
  readonly silence: number;
}
export const PATIENCE: Patience = { connect: 30_000, silence: 10 * 60_000 };
