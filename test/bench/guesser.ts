/**
 * One who guesses passwords, on a host of his own: how long until he is not heard any more? Reads jobs, and answers each
 * with the milliseconds from his last wrong answer to the first packet that was dropped; one line of JSON each.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorization, header, readSip, writeSip } from '../../src/lab/sip-message';

export interface Guessing {
  /** An own address that nobody has guessed from yet. */
  readonly from: string;
  readonly server: string;
  readonly user: string;
  /** Wrong passwords, one after another. */
  readonly times: number;
  /** Whatever comes to this port of the server is sent back, as long as it comes through. */
  readonly echoPort: number;
}

const PROBE_MS = 1;
/** No answer for so long: it was dropped. */
const QUIET_MS = 500;
const MOST_MS = 20_000;

async function guess({ from, server, user, times, echoPort }: Guessing): Promise<number> {
  const phone = await bound(from, server, 5060);
  const probing = await bound(from, server, echoPort);
  try {
    for (let n = 1; n < times; n++) (await wrongAnswer(phone, server, user))();
    const send = await wrongAnswer(phone, server, user);
    const probes = startProbes(probing);
    await once(probing, 'message'); // still open
    const began = performance.now();
    send();
    return (await probes.firstDropped()) - began;
  } finally {
    phone.close();
    probing.close();
  }
}

/** Asks to register and is challenged; what is returned sends the wrong answer. */
async function wrongAnswer(phone: Socket, server: string, user: string): Promise<() => void> {
  const uri = `sip:${server}`;
  const own = `${phone.address().address}:${phone.address().port}`;
  const id = randomBytes(8).toString('hex');
  const register = (sequence: number, lines: readonly string[]) => {
    const via = `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${id}${sequence};rport`;
    const about = [`From: <sip:${user}@${server}>;tag=${id}`, `To: <sip:${user}@${server}>`, `Call-ID: ${id}`];
    const rest = [`CSeq: ${sequence} REGISTER`, 'Max-Forwards: 70', `Contact: <sip:${user}@${own}>`, ...lines];
    return Buffer.from(writeSip(`REGISTER ${uri} SIP/2.0`, [via, ...about, ...rest]));
  };
  const answered = once(phone, 'message', { signal: AbortSignal.timeout(MOST_MS) }) as Promise<[Buffer]>;
  phone.send(register(1, []));
  const [challenge] = await answered;
  const how = { method: 'REGISTER', uri, cnonce: id };
  const answer = authorization(header(readSip(challenge.toString()), 'www-authenticate'), how, {
    ...{ user, password: 'guessed' },
  });
  return () => phone.send(register(2, [`Authorization: ${answer}`]));
}

/** One a millisecond, from now on. */
function startProbes(socket: Socket) {
  const sentAt: number[] = [];
  let last = -1;
  socket.on('message', (packet) => (last = Math.max(last, packet.readUInt32BE())));
  const timer = setInterval(() => {
    const packet = Buffer.alloc(4);
    packet.writeUInt32BE(sentAt.length);
    sentAt.push(performance.now());
    socket.send(packet);
  }, PROBE_MS);
  return {
    /** When that was sent behind which nothing came back any more. */
    async firstDropped(): Promise<number> {
      const deadline = performance.now() + MOST_MS;
      const quiet = () => performance.now() - (sentAt[last + 1] ?? Infinity) > QUIET_MS;
      while (!quiet() && performance.now() < deadline) await sleep(50);
      clearInterval(timer);
      if (!quiet()) throw new Error('he is still heard');
      return sentAt[last + 1] ?? NaN;
    },
  };
}

async function bound(from: string, server: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined); // who is refused is not heard either
  socket.bind(0, from);
  await once(socket, 'listening');
  socket.connect(port, server);
  await once(socket, 'connect');
  return socket;
}

async function main(): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    process.stdout.write(`${JSON.stringify(await guess(JSON.parse(line) as Guessing))}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
