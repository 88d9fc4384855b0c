/** What the gate is made of: everything it needs of the outside, and the rules that the admin has set. */
import type { Backups } from '../domain/backup';
import type { Exchange } from '../domain/exchange';
import type { Firewall } from '../domain/firewall';
import type { Letter, Notice } from '../domain/letter';
import type { Resolve } from '../domain/names';
import type { Network } from '../domain/network';
import type { OutsideAddress, Phones } from '../domain/phones';
import type { Ports, Service } from '../domain/service';
import type { Store } from '../domain/store';
import type { Surroundings } from '../domain/surroundings';
import type { Clock, Log, Random } from '../ports';
import type { CountryDesk } from './countries/country-desk';
import type { PinVault } from './travellers/pin-vault';

/** Mail as the gate needs it: words now, delivery whenever the server is there. */
interface Post {
  lettersFor(notice: Notice): readonly Letter[];
  newMessageId(): string;
  /** Sends what is queued as soon as it can. */
  poke(): void;
  /** Sends one letter past the queue; resolves to the server's answer, rejects with MAIL_FAILED. */
  sendNow(letter: Letter): Promise<string>;
}

/** The numbers of design section 6, in the units of their names. */
export interface Rules {
  readonly leaseSeconds: number;
  readonly longestLeaseSeconds: number;
  readonly openAddresses: number;
  /** The traveller is mailed so long before his lease ends. */
  readonly endingWarningSeconds: number;
  /** A call may go on for so long after its lease has ended. */
  readonly outlastSeconds: number;
  readonly pinDigits: number;
  readonly wrongPinsUntilLock: number;
  readonly firstLockSeconds: number;
  readonly longestLockSeconds: number;
  readonly callerFailuresAnHour: number;
  readonly alarmFailuresAnHour: number;
  readonly alarmDelaySeconds: number;
  readonly trialSeconds: number;
  readonly ipv6BlockPrefix: number;
  readonly allowDocumentationAddresses: boolean;
  readonly answerPings: boolean;
  readonly rtp: Ports;
  readonly names: NameRules;
  /** What comes of what is new in FreePBX: nothing, a mail, or it is let in. */
  readonly importFreepbx: 'off' | 'report' | 'auto';
  /** FreePBX is compared so often. */
  readonly importSeconds: number;
  readonly countries: CountryTerms;
  readonly attacks: AttackTerms;
  /** Lines of the journal, and what has ended, are kept for so long. */
  readonly journalKeepSeconds: number;
  readonly trusted: readonly { readonly network: Network; readonly device: string }[];
}

/** How names are followed. */
interface NameRules {
  /** A name is looked up again when its time to live is over, within these two. */
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  /** An address that left its name stays open for so long. */
  readonly graceSeconds: number;
  /** The admin is mailed when a name is stale for so long. */
  readonly staleSeconds: number;
}

/** `report` journals what `enforce` would do. */
type Force = 'off' | 'report' | 'enforce';

interface AttackTerms {
  readonly logins: Force;
  /** Of an address that guesses passwords: its first block, its second, …; the last for all that follow. */
  readonly blockSeconds: readonly number[];
  /** A block is forgotten after so long: the next is a first one again. */
  readonly forgivenSeconds: number;
  /** At least so long between two mails about attackers and strangers. */
  readonly mailSeconds: number;
}

interface CountryTerms {
  readonly calls: Force;
  readonly registrations: Force;
  /** A call that cannot be judged: `open` lets it in, `closed` makes it a stranger's. */
  readonly fail: 'open' | 'closed';
  /** Far ends whose calls are never a stranger's. */
  readonly exceptions: { readonly networks: readonly Network[]; readonly names: readonly string[] };
  /** For how long a stranger who registered is blocked; undefined: for good. */
  readonly blockSeconds: number | undefined;
  /** Older data are too old; undefined: as their source says. */
  readonly maxAgeDays: number | undefined;
}

export interface Parts {
  readonly store: Store;
  readonly firewall: Firewall;
  readonly backups: Backups;
  readonly phones: Phones;
  readonly exchange: Exchange;
  readonly post: Post;
  readonly surroundings: Surroundings;
  readonly resolve: Resolve;
  readonly countries: CountryDesk;
  readonly vault: PinVault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly services: readonly Service[];
  readonly rules: Rules;
  /** The name of this PBX in a database that others may share; undefined: it has one of its own. */
  readonly sharedAs?: string;
  /** This machine's addresses, public one included, as they were at most so long ago (milliseconds); left out: now. */
  ownAddresses(mostMs?: number): readonly Network[];
  /** Those of them that Asterisk gives out as its own. */
  outsideAddresses(): readonly OutsideAddress[];
}
