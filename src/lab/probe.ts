/** A phone that asks "is anybody there?" all the time: when it is first and last answered tells when a door was open. */
import { randomBytes } from 'node:crypto';
import type { Host } from './host';
import { writeSip } from './sip-message';
import { openWire } from './wire';

export interface Probe {
  /** Milliseconds since 1970; undefined: never answered. */
  firstAnswerAt(): number | undefined;
  lastAnswerAt(): number | undefined;
  stop(): void;
}

/** Until the first answer, so that its moment is known well; then the pace of an eager phone. */
const KNOCK_MS = 5;
const ASK_MS = 50;

/** OPTIONS from one port, as a phone that keeps its flow alive; ends with the host too. */
export async function startProbe(
  host: Host,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Probe> {
  const wire = await openWire(host, { protocol: 'udp', from });
  let [first, last, number] = [undefined as number | undefined, undefined as number | undefined, 0];
  const callId = randomBytes(8).toString('hex');
  wire.onData(() => {
    last = Date.now();
    first ??= last;
  });
  wire.connect(to, 5060);
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    timer = setTimeout(ask, first === undefined ? KNOCK_MS : ASK_MS);
    const lines = [
      `Via: SIP/2.0/UDP ${from}:${wire.port};branch=z9hG4bK${callId}${++number};rport`,
      `From: <sip:probe@${from}>;tag=${callId}`,
      `To: <sip:${to}>`,
      `Call-ID: ${callId}${number}`,
      `CSeq: ${number} OPTIONS`,
      'Max-Forwards: 70',
    ];
    wire.send(Buffer.from(writeSip(`OPTIONS sip:${to} SIP/2.0`, lines)));
  };
  ask();
  return {
    firstAnswerAt: () => first,
    lastAnswerAt: () => last,
    stop: () => {
      clearTimeout(timer);
      wire.close();
    },
  };
}
