/** A call by IAX2 from a host of the lab, without a password: one NEW, and an ACK for whatever comes back. */
import type { Host } from '../../src/lab/host';
import { openWire, type Wire } from '../../src/lab/wire';

const PORT = 4569;
const CALL = 0x1234;
const IAX = 6;
const [NEW, ACK] = [1, 4];
/** Information elements. */
const [CALLED, USERNAME, CAPABILITY, FORMAT, VERSION] = [1, 6, 8, 9, 11];
const ULAW = Buffer.from([0, 0, 0, 4]);

export interface IaxCall {
  readonly from: string;
  readonly to: string;
  readonly user: string;
  readonly number: string;
}

/** The call is up, as far as the PBX is concerned, until it hangs up or the wire is closed and it notices. */
export async function callByIax(host: Host, { from, to, user, number }: IaxCall): Promise<Wire> {
  const wire = await openWire(host, { protocol: 'udp', from });
  wire.onData((packet) => {
    const isFull = packet.length >= 12 && (packet[0] ?? 0) >= 0x80;
    if (!isFull || (packet[10] === IAX && packet[11] === ACK)) return;
    const [theirs, time, received] = [packet.readUInt16BE(0) & 0x7fff, packet.readUInt32BE(4), packet[8] ?? 0];
    wire.send(frame({ theirs, time, sent: 1, received: (received + 1) & 255, kind: ACK }));
  });
  wire.connect(to, PORT);
  const elements = [
    ...[element(VERSION, Buffer.from([0, 2])), element(CALLED, Buffer.from(number))],
    ...[element(USERNAME, Buffer.from(user)), element(CAPABILITY, ULAW), element(FORMAT, ULAW)],
  ];
  wire.send(Buffer.concat([frame({ theirs: 0, time: 3, sent: 0, received: 0, kind: NEW }), ...elements]));
  return wire;
}

interface Frame {
  readonly theirs: number;
  readonly time: number;
  readonly sent: number;
  readonly received: number;
  readonly kind: number;
}

function frame({ theirs, time, sent, received, kind }: Frame): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x8000 | CALL, 0);
  head.writeUInt16BE(theirs, 2);
  head.writeUInt32BE(time, 4);
  head.set([sent, received, IAX, kind], 8);
  return head;
}

const element = (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([code, value.length]), value]);
