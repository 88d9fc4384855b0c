/** A telephone's line to one server: requests out, answers and the server's own requests in. */
import { randomBytes } from 'node:crypto';
import type { Host } from './host';
import { answerTo, authorization, cutMessages, header, readSip, writeSip, type SipMessage } from './sip-message';
import { openWire, type Wire } from './wire';

/** A status code; `silent`: nothing came back in time; `refused`: the machine there, or its firewall, said no. */
export type Answer = number | 'silent' | 'refused';

export interface LineOptions {
  readonly user: string;
  readonly password: string;
  /** What it writes into From instead of the truth, as `ann@192.0.2.1`. */
  readonly shownAs?: string;
  /** `dialled`: over the TCP connection that the server itself has made to this line's contact. */
  readonly protocol?: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss' | 'dialled';
  /** Where it wants to be reached instead, as `192.0.2.1:5060;transport=tcp`. */
  readonly reachedAt?: string;
  /** The host's own address and port; the port is kept for as long as the line is. */
  readonly from: string;
  readonly port?: number;
  readonly server: string;
  /** 5061 for TLS, 8088 and 8089 for WebSockets and else 5060 unless told. */
  readonly serverPort?: number;
  /** Milliseconds after which no answer is silence; 3000 unless told. */
  readonly patienceMs?: number;
}

interface Request {
  readonly method: string;
  readonly uri: string;
  /** From, To and Call-ID of the dialogue. */
  readonly dialogue: readonly string[];
  readonly lines?: readonly string[];
  readonly body?: string;
}

export interface Line {
  readonly contact: string;
  readonly server: string;
  /** Sends it, answers a challenge, and resolves to the final answer. */
  request(request: Request): Promise<SipMessage | 'silent' | 'refused'>;
  /** Sends without awaiting an answer: ACK. */
  send(request: Request, sequence: number): void;
  /** The server's own requests; each is answered with 200 at once. */
  onRequest(listener: (request: SipMessage) => void): void;
  close(): void;
}

const USUAL_PORT = { udp: 5060, tcp: 5060, dialled: 5060, tls: 5061, ws: 8088, wss: 8089 } as const;
/** RFC 3261's T1. */
const FIRST_RESEND_MS = 500;
const FOREVER_MS = 3_000;

export async function openLine(host: Host, options: LineOptions): Promise<Line> {
  const { user, protocol = 'udp', from, patienceMs = FOREVER_MS } = options;
  const serverPort = options.serverPort ?? USUAL_PORT[protocol];
  const transport = protocol === 'dialled' ? 'tcp' : protocol;
  const server = `sip:${bracketed(options.server)}:${serverPort}`;
  const listeners: ((request: SipMessage) => void)[] = [];
  const waiting = new Map<string, (message: SipMessage | 'refused') => void>();
  let sequence = Math.floor(Math.random() * 10_000);
  let cut = false;
  let current: Wire | undefined;
  let wire = await wired(options.port);
  const own = () => `${bracketed(from)}:${wire.port}`;

  async function wired(port: number | undefined): Promise<Wire> {
    const kind = protocol === 'dialled' ? 'listen' : protocol;
    const line = await openWire(host, { protocol: kind, from, ...(port !== undefined && { port }) });
    let stream = '';
    line.onState((state) => {
      if (state !== 'connected' && line === current) for (const tell of waiting.values()) tell('refused');
    });
    line.onData((data) => {
      const { messages, rest } =
        protocol === 'udp' ? { messages: [data.toString()], rest: '' } : cutMessages(stream + data.toString());
      stream = rest;
      messages.forEach(hear);
    });
    current = line;
    line.connect(options.server, serverPort);
    return line;
  }

  function hear(text: string): void {
    const message = readSip(text);
    if (message.method === undefined) return waiting.get(header(message, 'cseq'))?.(message);
    if (message.method !== 'ACK') wire.send(Buffer.from(answerTo(message, '200 OK')));
    for (const listener of listeners) listener(message);
  }

  function text({ method, uri, dialogue, lines = [], body = '' }: Request, number: number): Buffer {
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const head = [
      `Via: SIP/2.0/${transport.toUpperCase()} ${own()};branch=${branch};rport`,
      ...dialogue,
      `CSeq: ${number} ${method}`,
      'Max-Forwards: 70',
      `Contact: ${contact()}`,
      'User-Agent: tollgate-lab',
      ...lines,
    ];
    return Buffer.from(writeSip(`${method} ${uri} SIP/2.0`, head, body));
  }

  // A secure WebSocket, too, is called `ws` in a URI (RFC 7118).
  const parameter = transport === 'udp' ? '' : `;transport=${transport === 'wss' ? 'ws' : transport}`;
  const reached = () => options.reachedAt ?? `${own()}${parameter}`;
  const contact = () => `<sip:${user}@${reached()}>`;

  /** One try: resends over UDP until something is heard. */
  function exchange(request: Request): Promise<SipMessage | 'silent' | 'refused'> {
    const number = ++sequence;
    const key = `${number} ${request.method}`;
    const packet = text(request, number);
    return new Promise((resolve) => {
      let resend: NodeJS.Timeout | undefined;
      const finish = (outcome: SipMessage | 'silent' | 'refused') => {
        clearTimeout(resend);
        clearTimeout(limit);
        waiting.delete(key);
        resolve(outcome);
      };
      const limit = setTimeout(() => finish('silent'), patienceMs);
      const again = (delay: number) => {
        wire.send(packet);
        if (protocol === 'udp') resend = setTimeout(() => again(delay * 2), delay);
      };
      waiting.set(key, (message) => {
        if (message === 'refused') {
          finish(message);
          return;
        }
        clearTimeout(resend);
        if ((message.status ?? 0) >= 200) finish(message);
        else limit.refresh();
      });
      again(FIRST_RESEND_MS);
    });
  }

  return {
    get contact() {
      return contact();
    },
    server,
    request: async (request) => {
      if (cut) {
        // What the kernel was still trying in vain is no part of this try.
        wire.close();
        wire = await wired(options.port);
      }
      const answer = await exchange(request);
      cut = protocol !== 'udp' && protocol !== 'dialled' && typeof answer === 'string';
      const challenge = challengeIn(answer);
      if (challenge === undefined) return answer;
      if (request.method === 'INVITE') wire.send(text({ ...ackOf(request), dialogue: request.dialogue }, sequence));
      const { method, uri } = request;
      const cnonce = randomBytes(8).toString('hex');
      const proof = `${challenge.reply}: ${authorization(challenge.value, { method, uri, cnonce }, options)}`;
      return exchange({ ...request, lines: [...(request.lines ?? []), proof] });
    },
    send: (request, number) => wire.send(text(request, number)),
    onRequest: (listener) => void listeners.push(listener),
    close: () => wire.close(),
  };
}

const ackOf = ({ uri }: Request) => ({ method: 'ACK', uri });

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function challengeIn(answer: SipMessage | string): { readonly reply: string; readonly value: string } | undefined {
  if (typeof answer === 'string' || (answer.status !== 401 && answer.status !== 407)) return undefined;
  const [asked, reply] = answer.status === 401 ? ['www-authenticate', 'Authorization'] : PROXY;
  const value = answer.headers.find(([name, text]) => name === asked && !/algorithm=sha/i.test(text))?.[1];
  return value === undefined ? undefined : { reply, value };
}
const PROXY = ['proxy-authenticate', 'Proxy-Authorization'] as const;
