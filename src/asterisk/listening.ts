/** Finds the ports on which the Asterisk of this machine listens for phones, through /proc of our network namespace. */
import type { ListeningPorts } from '../domain/phones';
import type { Ports } from '../domain/service';
import { signallingPorts, type AsteriskSockets } from './listening-ports';
import { readSocketTable } from './listening-sockets';

/** The part of a file system that /proc needs. All reject as `node:fs/promises` does. */
export interface ProcFiles {
  read(path: string): Promise<string>;
  list(path: string): Promise<readonly string[]>;
  link(path: string): Promise<string>;
}

export interface ListeningSettings {
  readonly iaxPort: number;
  readonly rtp: Ports;
}

/** `binds`: the ports of its transports. */
export interface ListeningAsked extends ListeningSettings {
  readonly binds: readonly Ports[];
}

const TABLES = [
  ['udp', 'udp'],
  ['udp', 'udp6'],
  ['tcp', 'tcp'],
  ['tcp', 'tcp6'],
] as const;

/** Nothing when no process named `asterisk` runs here. */
export async function listeningPorts(proc: ProcFiles, asked: ListeningAsked): Promise<ListeningPorts> {
  const tables = await Promise.all(
    // Without IPv6 in the kernel its tables are not there.
    TABLES.map(async ([protocol, table]) =>
      readSocketTable(protocol, (await optional(proc.read(`/proc/net/${table}`))) ?? ''),
    ),
  );
  const range = (await optional(proc.read('/proc/sys/net/ipv4/ip_local_port_range'))) ?? '';
  const [first = 32768, last = 60999] = (range.match(/\d+/g) ?? []).map(Number);
  const { iaxPort, rtp, binds } = asked;
  const rules = { iax: iaxPort, rtp, binds, ephemeral: { protocol: 'udp', first, last } } as const;
  return signallingPorts(tables.flat(), await asteriskSockets(proc), rules);
}

/** Several Asterisks may run in namespaces of their own: their sockets are not in our tables and do no harm here. */
async function asteriskSockets(proc: ProcFiles): Promise<AsteriskSockets> {
  const pids = (await proc.list('/proc')).filter((name) => /^\d+$/.test(name));
  const inodes = new Set<string>();
  const uids = new Set<number>();
  let allSeen = true;
  for (const pid of pids) {
    const status = await optional(proc.read(`/proc/${pid}/status`));
    if (status === undefined || !/^Name:\tasterisk$/m.test(status)) continue;
    uids.add(Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? NaN));
    const held = await heldSockets(proc, pid);
    if (held === undefined) allSeen = false;
    else held.forEach((inode) => inodes.add(inode));
  }
  return { inodes: allSeen ? inodes : undefined, uids };
}

/** undefined: another user's process, whose files only root sees. */
async function heldSockets(proc: ProcFiles, pid: string): Promise<readonly string[] | undefined> {
  const files = await optional(proc.list(`/proc/${pid}/fd`));
  if (files === undefined) return undefined;
  const links = await Promise.all(files.map((file) => optional(proc.link(`/proc/${pid}/fd/${file}`))));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1] ?? []);
}

/** A process may end, or hide its files, at any moment between two looks. */
async function optional<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR'].includes(code)) return undefined;
    throw error;
  }
}
