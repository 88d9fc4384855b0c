/** What the kernel is asked to hold. `src/firewall` makes it so. */
import type { Snapshot } from './backup';
import type { Bounds } from './bounds';
import type { Until } from './entry';
import type { Family, Network } from './network';
import type { Ports, Service } from './service';

/** `watch`: only blocks drop. `guard`: guarded ports are closed to all but entries. `secure`: so is everything else. */
export type Mode = 'watch' | 'guard' | 'secure';
export const STRICTNESS: Readonly<Record<Mode, number>> = { watch: 0, guard: 1, secure: 2 };

/** One set's members for both families: network -> its end. Names: the services', `all`, `was` and `block`. */
export type Elements = ReadonlyMap<string, ReadonlyMap<Network, Until>>;

/** `until` undefined: the network is to be in the set no more. */
export interface Change {
  readonly set: string;
  readonly network: Network;
  readonly until: Until | undefined;
}

/** Of each family; far more than all the countries of the world have. The kernel takes some 40 bytes for each that is there. */
export const MOST_PERMITTED = 1_048_576;

/** What the permitted countries have of one family: disjoint networks, and their bounds; never changed in place. */
interface PermittedOf extends Bounds {
  /** In the order of their texts. */
  readonly networks: readonly Network[];
}
export type Permitted = Readonly<Record<Family, PermittedOf>>;

export interface Policy {
  readonly mode: Mode;
  /** A stricter mode that the kernel lets go of by itself at `until`. */
  readonly trial: { readonly mode: Mode; readonly until: Date } | undefined;
  readonly services: readonly Service[];
  readonly rtp: Ports;
  /** Networks that are trusted only on their interface, as `192.168.1.0/24` on `eth1`. */
  readonly trusted: readonly { readonly network: Network; readonly device: string }[];
  readonly answerPings: boolean;
  /** Needed where a service has the policy `countries`. */
  readonly permitted?: Permitted;
  /** Devices that get their IPv4 address by DHCP; undefined: any may. */
  readonly dhcpDevices?: readonly string[];
}

/** One member as the kernel tells it. `secondsLeft` undefined: for good. */
export interface Member {
  readonly set: string;
  readonly network: Network;
  readonly secondsLeft: number | undefined;
  readonly packets: number;
}

/** Of others' rules: a base chain that may drop what we accept, or one rule that opens a guarded port past us. */
export interface Neighbour {
  readonly family: Family;
  readonly text: string;
}

/** Names of the tables of iptables-legacy that are in use, `filter` and others; a family is missing: nobody could see. */
export type LegacyTables = Readonly<Partial<Record<Family, readonly string[]>>>;

/** What others have changed of ours. */
export interface Drift {
  /** `IPv4: our hook in INPUT was gone`, one sentence each. */
  readonly what: readonly string[];
  /** When the kernel was last known to hold what it was given. */
  readonly goodAt: Date;
  /** It was seen by comparing every member, which has mended it already. */
  readonly isMended?: true;
}

/** A UDP or TCP packet to this machine, as the firewall meets it. */
export interface Packet {
  readonly protocol: Ports['protocol'];
  /** A single address. */
  readonly from: Network;
  readonly fromPort?: number;
  readonly port: number;
  /** On which it comes in; undefined: nobody knows. */
  readonly device: string | undefined;
  /** It answers what this machine began. */
  readonly isReply: boolean;
  /** `from` is an address of this machine. */
  readonly isOwn: boolean;
}

/** `return`: the admin's own rules decide. */
export type Fate = 'accept' | 'drop' | 'return';

/** What the kernel held at one moment. Its rules only the firewall that looked can read. */
export interface Look {
  readonly at: Date;
  /** Of this set, both families'; Infinity: for good. */
  secondsLeft(set: string): Iterable<readonly [Network, number]>;
}

export interface Firewall {
  look(): Promise<Look>;
  /**
   * Makes the kernel hold exactly this, both families or neither, reads it back and resolves to the lines that it
   * sent (none: nothing was to be done). Rejects with FIREWALL_FAILED (nothing changed; or the kernel holds it, but it
   * could not be written for a reboot) or FIREWALL_DRIFT. `look`: one since which nothing of ours was changed saves the
   * first of its own.
   */
  apply(policy: Policy, elements: Elements, look?: Look): Promise<readonly string[]>;
  /** The lines that `apply` would send, changing nothing. */
  plan(policy: Policy, elements: Elements, look?: Look): Promise<readonly string[]>;
  /** Would `apply` change any rule? */
  changesRules(policy: Policy, look: Look): boolean;
  /** What packets would meet, whatever the kernel holds now; a trial that runs counts as the mode. */
  foretell(policy: Policy, elements: Elements, packets: readonly Packet[]): readonly Fate[];
  /**
   * Changes members and resolves when the kernel has confirmed every one; on a fault all of them are put back as they
   * were, as far as the kernel lets us, and it rejects with FIREWALL_FAILED.
   */
  change(changes: readonly Change[]): Promise<void>;
  /**
   * Does what the boot unit does: brings back the last confirmed mode and what is still due of its members. Resolves to
   * what it says, or with `dryRun` to the lines that it would send.
   */
  restore(how: { readonly dryRun: boolean }): Promise<readonly string[]>;
  /** Every member of our sets, or of this one, with its counter. */
  members(set?: string): Promise<readonly Member[]>;
  /** Our rules, as `iptables -S` and `ip6tables -S` tell them; empty when nothing is hooked. */
  rules(): Promise<readonly string[]>;
  /** Seconds until the kernel lets go of the trial; undefined: none is running. */
  trialSecondsLeft(): Promise<number | undefined>;
  /** `guarded`: ports that no rule of others should open. `legacy`: used for a family that we may not see ourselves. */
  neighbours(guarded?: readonly Ports[], legacy?: LegacyTables): Promise<readonly Neighbour[]>;
  /** Everything that the kernel holds, others' rules and sets too. */
  snapshot(): Promise<Snapshot>;
  /**
   * Does the kernel still hold what it was given? Undefined: yes, as far as its rules and the sizes of its sets tell;
   * what the last `apply` with a look found in place of our members is told once.
   * Cheap enough for each second, whatever the sets hold; our own changes are never in it.
   */
  drift(): Promise<Drift | undefined>;
  /** From now on `heard` is called soon after rules have changed, by whomever. Ends with what it returns. */
  listen(heard: () => void): () => void;
  /**
   * Takes our chains, hooks and sets away and leaves everything else byte for byte as it was. Rejects with
   * FIREWALL_FAILED (nothing changed) or FIREWALL_DRIFT, or as `remembered` does: until that has resolved, a reboot brings
   * everything back.
   */
  remove(remembered?: () => Promise<void>): Promise<void>;
  /** Ends the long-lived session; rules and sets stay in force. */
  close(): Promise<void>;
}
