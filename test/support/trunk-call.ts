/** A call that comes over a trunk whose sound is sent and heard by another host than its signalling. */
import { randomBytes } from 'node:crypto';
import type { Host } from '../../src/lab/host';
import { PACKET_MS, rtpStream } from '../../src/lab/rtp';
import { header, readSip, writeSip } from '../../src/lab/sip-message';
import { openWire } from '../../src/lab/wire';

interface At {
  readonly host: Host;
  readonly from: string;
}

export interface TrunkCall {
  /** Packets of sound that came from Asterisk. */
  heard(): number;
  /** The last answer to the call: 183 is early media. */
  status(): number | undefined;
  close(): void;
}

/** Dials at once, and sends sound as soon as it is told where to; never hangs up. */
export async function trunkCall(signalling: At, media: At, to: string, dialled: string): Promise<TrunkCall> {
  const [line, ears] = [
    await openWire(signalling.host, { protocol: 'udp', from: signalling.from }),
    await openWire(media.host, { protocol: 'udp', from: media.from }),
  ];
  const [id, uri] = [randomBytes(8).toString('hex'), `sip:${dialled}@${to}`];
  const request = (method: string, toHeader: string, body = '') =>
    Buffer.from(
      writeSip(
        `${method} ${uri} SIP/2.0`,
        [
          `Via: SIP/2.0/UDP ${signalling.from}:${line.port};branch=z9hG4bK${id}${method};rport`,
          `From: <sip:trunk@${signalling.from}>;tag=${id}`,
          `To: ${toHeader}`,
          `Call-ID: ${id}`,
          `CSeq: 1 ${method}`,
          'Max-Forwards: 70',
          `Contact: <sip:trunk@${signalling.from}:${line.port}>`,
          ...(body === '' ? [] : ['Content-Type: application/sdp']),
        ],
        body,
      ),
    );
  let status: number | undefined;
  let heard = 0;
  let timer: NodeJS.Timeout | undefined;
  const stream = rtpStream(randomBytes(4).readUInt32BE());
  ears.onData(() => heard++);
  line.onData((data) => {
    const answer = readSip(data.toString());
    status = answer.status ?? status;
    if (answer.status === 200) line.send(request('ACK', header(answer, 'to')));
    const port = Number(/^m=audio (\d+)/m.exec(answer.body)?.[1] ?? 0);
    if (port === 0 || timer !== undefined) return;
    ears.connect(to, port);
    timer = setInterval(() => ears.send(stream.next()), PACKET_MS);
  });
  const offer = ['v=0', `o=- 1 1 IN IP4 ${media.from}`, 's=-', `c=IN IP4 ${media.from}`, 't=0 0'];
  line.connect(to, 5060);
  line.send(request('INVITE', `<${uri}>`, [...offer, `m=audio ${ears.port} RTP/AVP 0`, ''].join('\r\n')));
  return {
    heard: () => heard,
    status: () => status,
    close: () => {
      clearInterval(timer);
      line.close();
      ears.close();
    },
  };
}
