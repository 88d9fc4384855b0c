/** What is around this PBX: how it is connected, who is connected to it, and who else works on its firewall. */
import type { Network } from './network';
import type { Ports } from './service';

/** A network that is trusted only on its device, because an address alone can be forged. */
export interface Trusted {
  readonly network: Network;
  readonly device: string;
}

/** What a mode needs to know of the machine's links; kept with it, so that a restart changes no rule. */
export interface Links {
  readonly trusted: readonly Trusted[];
  /** Devices that get their IPv4 address by DHCP; undefined: any may. */
  readonly dhcpDevices?: readonly string[];
}

/** One address of this machine, loopback left out. */
export interface OwnAddress {
  readonly address: Network;
  /** The network that is on the link: `192.168.1.0/24`. */
  readonly network: Network;
  readonly device: string;
  /** It was leased (DHCP, router advertisement), and not written down. */
  readonly isDynamic: boolean;
}

export interface Route {
  /** `0.0.0.0/0` for the default. */
  readonly to: Network;
  readonly device: string;
  readonly gateway: Network | undefined;
  /** A DHCP client made it. */
  readonly byDhcp: boolean;
}

/** A connection or UDP flow between this machine and another, as it stands now. */
export interface Connection {
  readonly protocol: Ports['protocol'];
  readonly far: Network;
  readonly farPort: number;
  readonly own: Network;
  readonly ownPort: number;
  /** This machine sent its first packet. */
  readonly isOurs: boolean;
}

/** A port on which something waits for strangers, on more than loopback. */
export interface Listener {
  readonly protocol: Ports['protocol'];
  readonly port: number;
  /** The program's name, as far as we may see it. */
  readonly program: string | undefined;
}

/** Packets to these ports are handed on, to a container or another machine: INPUT never sees them. */
export interface Redirect {
  /** Undefined: every port. */
  readonly ports: Ports | undefined;
  readonly to: string;
}

/** A tool that told nothing. */
export interface Unseen {
  readonly tool: string;
  /** As part of a sentence: what happened, and what to do. */
  readonly why: string;
}

/** Everything that was found at one moment. */
export interface Scene {
  readonly addresses: readonly OwnAddress[];
  readonly routes: readonly Route[];
  readonly resolvers: readonly Network[];
  readonly listeners: readonly Listener[];
  readonly connections: readonly Connection[];
  readonly redirects: readonly Redirect[];
  /** Is a chain of ours hooked into what is handed on? */
  readonly isForwardHooked: boolean;
  /** Other programs that manage this firewall: `Docker`, `firewalld`, … */
  readonly managers: readonly string[];
  /** What these would have told is left out. */
  readonly unseen: readonly Unseen[];
}

export type Linked = Pick<Scene, 'addresses' | 'routes' | 'resolvers'>;

export interface Surroundings {
  /** Looks anew; what a tool that is missing would have told is left out, and `unseen` tells which. */
  look(): Promise<Scene>;
  /** Only `addresses`, `routes` and `resolvers`; nothing is run when they were looked at within `mostMs` (0 unless told). */
  links(mostMs?: number): Promise<Linked>;
}
