/** Sends ICMP messages of any kind to a PBX, and counts them in front of and behind its firewall. */
import { join } from 'node:path';
import { integerOf } from '../../src/domain/address-range';
import type { Host } from '../../src/lab/host';
import { linkLocal } from './link-local';
import { net } from './net';
import { until } from './until';

export interface Icmp {
  /** An address of the sender's; `link`: that of its device alone. */
  readonly from: string;
  readonly to: string;
  readonly type: number;
  /** 255 unless told, as a neighbour sends it. */
  readonly hops?: number;
  /** Behind the eight bytes that every message has. */
  readonly body?: Buffer;
  /** Once unless told. */
  readonly times?: number;
}
/** How many of them got past the firewall, and how many echo replies the PBX sent. */
export interface Witnessed {
  readonly passed: number;
  readonly answered: number;
}

/** In bytes 4 to 7, where most messages have nothing: so nobody else's are counted. */
const MARK = 0x7a11;

/** `device`: of the sender, towards the PBX. */
export async function icmpWitness(pbx: Host, sender: Host, device: string) {
  const counted = (name: string) => `meta l4proto { icmp, ipv6-icmp } @th,32,32 ${MARK} counter name ${name};`;
  const replies = ['icmp type echo-reply', 'icmpv6 type echo-reply'];
  const rules = `table inet witness {
    counter arrived { }; counter passed { }; counter answered { };
    chain arriving { type filter hook prerouting priority -400; ${counted('arrived')} }
    chain passing { type filter hook input priority 400; ${counted('passed')} }
    chain answering { type filter hook output priority 400; ${replies.map((reply) => `${reply} ${counted('answered')}`).join(' ')} }
  }`;
  await pbx.run('nft', ['-f', '-'], { stdin: rules });
  const index = /^(\d+):/.exec(await sender.run('ip', ['-o', 'link', 'show', 'dev', device]))?.[1] ?? '';
  const link = await linkLocal(sender, device);

  async function counts(): Promise<Witnessed & { readonly arrived: number }> {
    const listed = await pbx.run('nft', ['list', 'counters', 'table', 'inet', 'witness']);
    const of = (name: string) => Number(new RegExp(`${name} \\{\\s*packets (\\d+)`).exec(listed)?.[1]);
    return { arrived: of('arrived'), passed: of('passed'), answered: of('answered') };
  }

  return async ({ from, to, type, hops = 255, body = Buffer.alloc(0), times = 1 }: Icmp): Promise<Witnessed> => {
    const before = await counts();
    const message = messageOf(type, body, to.includes(':'));
    const own = from === 'link' ? link : from;
    const script = join(__dirname, 'send-icmp.pl');
    await sender.run('perl', [script, own, to, index, String(hops), message.toString('hex'), String(times)]);
    await until(async () => (await counts()).arrived >= before.arrived + times, `ICMP ${type} at the PBX`);
    const now = await counts();
    return { passed: now.passed - before.passed, answered: now.answered - before.answered };
  };
}

/** The kernel itself writes the checksum of ICMPv6. */
function messageOf(type: number, body: Buffer, is6: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(type, 0);
  head.writeUInt32BE(MARK, 4);
  const message = Buffer.concat([head, body]);
  if (!is6) message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** As a router quotes it in an error: the beginning of a UDP packet that it could not hand on. */
export function quoted(from: string, to: string, port: number): Buffer {
  const is6 = from.includes(':');
  const addresses = [from, to].map((text) =>
    integerOf(net(text))
      .toString(16)
      .padStart(is6 ? 32 : 8, '0'),
  );
  const head = is6 ? [0x60, 0, 0, 0, 0, 20, 17, 60] : [0x45, 0, 0, 40, 0, 0, 0, 0, 60, 17, 0, 0];
  const ip = Buffer.concat([Buffer.from(head), Buffer.from(addresses.join(''), 'hex')]);
  if (!is6) ip.writeUInt16BE(checksum(ip), 10);
  const udp = Buffer.alloc(20);
  [port, port, udp.length].forEach((value, i) => udp.writeUInt16BE(value, 2 * i));
  return Buffer.concat([ip, udp]);
}

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
