/** A telephone in a host: registers, asks, calls, presses keys and listens. */
import { randomBytes } from 'node:crypto';
import type { Host } from './host';
import { KEY_PAYLOAD, PACKET_MS, rtpStream } from './rtp';
import { header, type SipMessage } from './sip-message';
import { openLine, type Answer, type LineOptions } from './sip-line';
import { openWire } from './wire';

export interface Phone {
  /** Where it tells the server that it can be reached. */
  readonly contact: string;
  /** The very same REGISTER each time, from the same port; a challenge is answered. */
  register(expiresSeconds?: number): Promise<Answer>;
  /** Asks whether anybody is there. */
  options(): Promise<Answer>;
  /** Calls an extension or a number; resolves to the answer that it got when that is not a call. */
  call(number: string): Promise<PhoneCall | Answer>;
  /** Methods of the requests that the server sent, oldest first: OPTIONS of a `qualify`, BYE. */
  requests(): readonly string[];
  close(): void;
}

export interface PhoneCall {
  /** Audio packets heard so far. */
  heard(): number;
  /** Keys as RFC 4733 events, 100 ms each with a 60 ms pause. Resolves when the last is sent. */
  press(keys: string): Promise<void>;
  /** Resolves when the far end hangs up. */
  readonly ended: Promise<void>;
  /** Stops sending audio and says goodbye; resolves to the answer. */
  hangUp(): Promise<Answer>;
}

/** Ready to speak; nothing is sent yet. */
export async function openPhone(host: Host, options: LineOptions): Promise<Phone> {
  const line = await openLine(host, options);
  const requests: string[] = [];
  line.onRequest(({ method = '' }) => void requests.push(method));
  const domain = line.server.slice('sip:'.length);
  const self = `<sip:${options.shownAs ?? `${options.user}@${domain}`}>`;
  const dialogue = (to: string) => [
    `From: ${self};tag=${randomBytes(6).toString('hex')}`,
    `To: ${to}`,
    `Call-ID: ${randomBytes(10).toString('hex')}`,
  ];
  const registration = dialogue(self);
  return {
    contact: line.contact,
    register: async (expiresSeconds = 300) => {
      const lines = [`Expires: ${expiresSeconds}`];
      return codeOf(await line.request({ method: 'REGISTER', uri: line.server, dialogue: registration, lines }));
    },
    options: async () => codeOf(await line.request({ method: 'OPTIONS', uri: line.server, dialogue: dialogue(self) })),
    call: async (number) => {
      const uri = `sip:${number}@${domain}`;
      const ears = await openWire(host, { protocol: 'udp', from: options.from });
      const asked = dialogue(`<${uri}>`);
      const lines = ['Content-Type: application/sdp'];
      const body = offer(options.from, ears.port);
      const answer = await line.request({ method: 'INVITE', uri, dialogue: asked, lines, body });
      if (typeof answer === 'string' || answer.status !== 200) {
        if (typeof answer !== 'string') line.send({ method: 'ACK', uri, dialogue: within(answer) }, sequenceOf(answer));
        ears.close();
        return codeOf(answer);
      }
      const target = /<([^>]+)>/.exec(header(answer, 'contact'))?.[1] ?? uri;
      const dialogueNow = within(answer);
      line.send({ method: 'ACK', uri: target, dialogue: dialogueNow }, sequenceOf(answer));
      const talk = converse(ears, answer.body);
      const ended = new Promise<void>((resolve) => {
        line.onRequest((request) => {
          if (request.method !== 'BYE' || header(request, 'call-id') !== header(answer, 'call-id')) return;
          talk.stop();
          resolve();
        });
      });
      const hangUp = async () => {
        talk.stop();
        return codeOf(await line.request({ method: 'BYE', uri: target, dialogue: dialogueNow }));
      };
      return { heard: talk.heard, press: talk.press, ended, hangUp };
    },
    requests: () => [...requests],
    close: () => line.close(),
  };
}

const codeOf = (answer: SipMessage | 'silent' | 'refused'): Answer =>
  typeof answer === 'string' ? answer : (answer.status ?? 0);
const sequenceOf = (answer: SipMessage): number => Number.parseInt(header(answer, 'cseq'));

/** The dialogue as the far end's answer completes it. */
const within = (answer: SipMessage): string[] => [
  `From: ${header(answer, 'from')}`,
  `To: ${header(answer, 'to')}`,
  `Call-ID: ${header(answer, 'call-id')}`,
];

function offer(address: string, port: number): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  return [
    ...['v=0', `o=- 1 1 IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 0 ${KEY_PAYLOAD}`, 'a=rtpmap:0 PCMU/8000'],
    ...[`a=rtpmap:${KEY_PAYLOAD} telephone-event/8000`, `a=fmtp:${KEY_PAYLOAD} 0-16`, 'a=sendrecv', ''],
  ].join('\r\n');
}

/** Sends a quiet line and counts what comes back. */
function converse(ears: Awaited<ReturnType<typeof openWire>>, answer: string) {
  const address = /^c=IN IP[46] (\S+)/m.exec(answer)?.[1] ?? '';
  const port = Number(/^m=audio (\d+)/m.exec(answer)?.[1] ?? 0);
  let packets = 0;
  ears.onData(() => packets++);
  ears.connect(address, port);
  const stream = rtpStream(randomBytes(4).readUInt32BE());
  const drained: (() => void)[] = [];
  const timer = setInterval(() => {
    ears.send(stream.next());
    if (stream.waiting === 0) drained.splice(0).forEach((tell) => tell());
  }, PACKET_MS);
  return {
    heard: () => packets,
    press: (keys: string) => {
      stream.press(keys);
      return new Promise<void>((resolve) => drained.push(resolve));
    },
    stop: () => {
      clearInterval(timer);
      drained.splice(0).forEach((tell) => tell());
      ears.close();
    },
  };
}
