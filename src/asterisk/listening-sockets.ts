/** Reads the kernel's tables of sockets, /proc/net/{udp,udp6,tcp,tcp6}. */
import { endianness } from 'node:os';

/** A socket that waits for strangers' packets on more than loopback. */
export interface ListeningSocket {
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

/** net/tcp_states.h: a UDP socket without a peer shows as CLOSE. */
const WAITING = { udp: '07', tcp: '0A' } as const;

/** Lines that are none are left out: the kernel's header, a table cut short. `order`: this machine's byte order. */
export function readSocketTable(
  protocol: 'udp' | 'tcp',
  table: string,
  order: 'LE' | 'BE' = endianness(),
): ListeningSocket[] {
  return table.split('\n').flatMap((line): ListeningSocket[] => {
    const columns = line.trim().split(/\s+/);
    const [, local = '', , state, , , , uid = '', , inode = ''] = columns;
    const [, address, port] = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (address === undefined || port === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(inode)) return [];
    if (state !== WAITING[protocol] || isLoopback(address, order)) return [];
    return [{ protocol, port: parseInt(port, 16), uid: Number(uid), inode }];
  });
}

/** 32-bit words, each in the machine's own byte order: 127.0.0.1 is 0100007F on most. */
function isLoopback(address: string, order: 'LE' | 'BE'): boolean {
  const words = address.match(/.{8}/g) ?? [];
  const bytes = words.map((word) => (order === 'LE' ? (word.match(/../g) ?? []).reverse().join('') : word)).join('');
  return bytes.length === 8 ? bytes.startsWith('7F') : /^0{31}1$/.test(bytes) || /^0{20}FFFF7F/.test(bytes);
}
