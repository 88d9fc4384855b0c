/** Which user of this machine is at the other end of a connection, by the kernel's own table. */
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../errors';

/**
 * Rejects with AMI_DOWN when the program there is not run by root or one of `runBy`, names or numbers. To be asked when
 * the other side has spoken: until it has accepted the connection, the kernel shows it as root's. What comes from another
 * machine cannot be judged and passes.
 */
export async function checkPeerUser(socket: Socket, runBy: readonly string[]): Promise<void> {
  if (runBy.length === 0) return;
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  if (remoteAddress === '') return; // closed already
  const there = endOf(remoteAddress, remotePort);
  const here = endOf(localAddress, localPort);
  const tables = await Promise.all([read('/proc/net/tcp'), read('/proc/net/tcp6')]);
  const found = tables.flatMap((table) => readConnections(table)).find((one) => one.from === there && one.to === here);
  const where = `${remoteAddress}:${remotePort}`;
  if (!found && !isLoopback(remoteAddress)) return;
  const known = found && (found.uid === 0 || (await idsOf(runBy)).has(found.uid));
  if (known) return;
  const who = found ? `user ${found.uid}` : 'nobody can tell whom';
  throw new AppError(
    'AMI_DOWN',
    `${where} is answered by ${who}, not by ${runBy.join(', ')} or root: the AMI secret was not sent`,
    'if Asterisk runs as that user, name it in ami.run_by of tollgate.toml; ami.run_by = [] trusts whoever answers',
  );
}

interface Connection {
  /** `7f000001:5038`: address and port, IPv4 also where a socket of both families has it. */
  readonly from: string;
  readonly to: string;
  readonly uid: number;
}

/** Lines of /proc/net/tcp and tcp6 that are no connection are left out. `order`: this machine's byte order. */
export function readConnections(table: string, order: 'LE' | 'BE' = endianness()): Connection[] {
  return table.split('\n').flatMap((line): Connection[] => {
    const [, from, to, uid] = /^\s*\d+: (\S+) (\S+) 01 \S+ \S+ \S+ +(\d+) /.exec(line) ?? [];
    const [here, there] = [readEnd(from, order), readEnd(to, order)];
    return here !== undefined && there !== undefined ? [{ from: here, to: there, uid: Number(uid) }] : [];
  });
}

/** 32-bit words, each in the machine's own byte order. */
function readEnd(text: string | undefined, order: 'LE' | 'BE'): string | undefined {
  const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text ?? '') ?? [];
  if (address === undefined || port === undefined) return undefined;
  const bytes = Buffer.from(address, 'hex');
  if (order === 'LE') bytes.swap32();
  return endText(bytes, parseInt(port, 16));
}

function endOf(address: string, port: number): string {
  return endText(Buffer.from(ipaddr.parse(address.replace(/%.*/, '')).toByteArray()), port);
}

function endText(bytes: Buffer, port: number): string {
  return `${bytes.toString('hex').replace(/^0{20}ffff/, '')}:${port}`;
}

function isLoopback(address: string): boolean {
  return ipaddr.process(address.replace(/%.*/, '')).range() === 'loopback';
}

/** Numbers as they are; names by /etc/passwd, those that it does not know left out. */
async function idsOf(users: readonly string[]): Promise<ReadonlySet<number>> {
  const lines = (await read('/etc/passwd')).split('\n').map((line) => line.split(':'));
  const named = lines.flatMap(([name = '', , uid]) => (users.includes(name) ? [Number(uid)] : []));
  return new Set([...named, ...users.filter((user) => /^\d+$/.test(user)).map(Number)]);
}

/** Without IPv6 there is no tcp6. */
function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new AppError('AMI_DOWN', `cannot tell who answers for Asterisk: ${String(error)}`, 'see ami.run_by', error);
  });
}
