/** Which of Asterisk's sockets speak SIP and which IAX2. Asterisk tells it to nobody whose rights end at write=system. */
import type { ListeningPorts } from '../domain/phones';
import type { Ports } from '../domain/service';
import type { ListeningSocket } from './listening-sockets';

/** `inodes`: the sockets that Asterisk holds open; undefined when we may not see them. `uids`: the users it runs as. */
export interface AsteriskSockets {
  readonly inodes: ReadonlySet<string> | undefined;
  readonly uids: ReadonlySet<number>;
}

export interface PortRules {
  readonly iax: number;
  readonly rtp: Ports;
  /** From where the kernel takes ports for sockets that asked for none. */
  readonly ephemeral: Ports;
  /** Where its transports are told to listen, as far as its settings were read. */
  readonly binds: readonly Ports[];
}

/** SIP of every age and, on 8088 and 8089, WebRTC. */
const SIP: readonly Ports[] = [
  { protocol: 'udp', first: 5000, last: 5082 },
  { protocol: 'tcp', first: 5000, last: 5082 },
  ...([5160, 5161] as const).flatMap((port) => [one('udp', port), one('tcp', port)]),
  one('tcp', 8088),
  one('tcp', 8089),
];

/** What Asterisk also listens on: AMI, AMI over TLS, FastAGI's usual port, skinny, DUNDi, MGCP, T.38 (udptl.conf). */
const OTHERS: readonly Ports[] = [
  one('tcp', 5038),
  one('tcp', 5039),
  one('tcp', 4573),
  one('tcp', 2000),
  one('udp', 4520),
  one('udp', 2427),
  one('udp', 2727),
  { protocol: 'udp', first: 4000, last: 4999 },
];

const ROOT = 0;

/**
 * Every listening port that is not known to be something else is signalling. By user alone that holds for UDP; of TCP
 * only the known ports and those of its transports are, because a web server may run as the same user (FreePBX), and
 * of what is root's as well.
 */
export function signallingPorts(
  sockets: readonly ListeningSocket[],
  { inodes, uids }: AsteriskSockets,
  rules: PortRules,
): ListeningPorts {
  const own = sockets.filter(({ inode, uid }) => (inodes ? inodes.has(inode) : uids.has(uid)));
  const notSignalling = [rules.rtp, ...bothProtocols(rules.ephemeral)];
  const isCertain = ({ protocol, uid }: ListeningSocket) =>
    inodes !== undefined || (protocol === 'udp' && uid !== ROOT);
  const isIax = ({ protocol, port }: ListeningSocket) => protocol === 'udp' && port === rules.iax;
  const isSip = (socket: ListeningSocket) => {
    if (isIax(socket)) return false;
    if (within(socket, rules.binds)) return true;
    if (within(socket, OTHERS)) return false;
    return within(socket, SIP) || (isCertain(socket) && !within(socket, notSignalling));
  };
  return { iax: distinct(own.filter(isIax)), sip: distinct(own.filter(isSip)) };
}

function within({ protocol, port }: ListeningSocket, ranges: readonly Ports[]): boolean {
  return ranges.some((range) => range.protocol === protocol && range.first <= port && port <= range.last);
}

function distinct(sockets: readonly ListeningSocket[]): readonly Ports[] {
  const ports = new Map(sockets.map(({ protocol, port }) => [`${protocol} ${port}`, one(protocol, port)]));
  return [...ports.values()].sort((a, b) => a.first - b.first || b.protocol.localeCompare(a.protocol));
}

function bothProtocols({ first, last }: Ports): readonly Ports[] {
  return [
    { protocol: 'udp', first, last },
    { protocol: 'tcp', first, last },
  ];
}

function one(protocol: 'udp' | 'tcp', port: number): Ports {
  return { protocol, first: port, last: port };
}
