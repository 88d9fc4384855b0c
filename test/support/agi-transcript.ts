/** Asterisk's side of an AGI connection, over a real socket, as a transcript tells it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';

export const ENVIRONMENT = [
  'agi_network: yes',
  'agi_network_script: test?[2001:db8::1]:5060',
  'agi_request: agi://127.0.0.1:4573/test?[2001:db8::1]:5060',
  'agi_channel: PJSIP/carrier-00000001',
  'agi_language: en',
  'agi_callerid: +49 30 1234567',
  'agi_calleridname: Bob: "sales"',
  'agi_threadid: 140',
];

export interface Wire {
  /** Everything that Asterisk sends is cut into two segments behind this many bytes of each chunk. */
  readonly cut?: number;
  readonly environment?: readonly string[];
  /** Lets `~ MILLISECONDS` of a transcript go by. */
  readonly pass?: (ms: number) => Promise<void>;
}

/**
 * `> ` what we must send, `< ` what Asterisk answers; answers in a row come in one segment. `! end` closes the
 * connection, `! reset` breaks it. Asterisk repeats a mark when asked for it, which no transcript mentions. Resolves when we have closed it and all was as told; rejects, telling the difference.
 */
export async function playTranscript(
  port: number,
  transcript: string,
  { cut, environment = ENVIRONMENT, pass }: Wire = {},
): Promise<void> {
  const socket = await peer(port);
  const closed = closing(socket);
  const lines = createInterface(socket);
  socket.once('close', () => lines.close()); // a broken connection has no end of its own
  const heard = lines[Symbol.asyncIterator]();
  let toSend = [...environment, ''];
  const nextCommand = async () => {
    for (;;) {
      const next = await heard.next();
      const mark = next.done === true ? undefined : MARK.exec(next.value)?.[1];
      if (mark === undefined) return next;
      await send(socket, `200 result=1 (${mark})\n`, cut);
    }
  };
  const flush = async () => {
    if (toSend.length > 0) await send(socket, `${toSend.join('\n')}\n`, cut);
    toSend = [];
  };
  for (const line of transcript.split('\n').map((each) => each.trim())) {
    const text = line.slice(2);
    if (line.startsWith('<')) toSend.push(text);
    if (line.startsWith('>')) {
      await flush();
      const next = await nextCommand();
      const said = next.done === true ? 'nothing, and closed' : next.value;
      if (said !== text) throw new Error(`expected: ${text}\n     got: ${said}`);
    }
    if (line.startsWith('~')) {
      await flush();
      await pass?.(Number(text));
    }
    if (line.startsWith('!')) {
      await flush();
      if (text === 'reset') socket.resetAndDestroy();
      else socket.end();
    }
  }
  await flush();
  const more = await nextCommand();
  if (more.done !== true) throw new Error(`expected: nothing more\n     got: ${more.value}`);
  await closed;
}

const MARK = /^GET FULL VARIABLE "(\w+)"$/;

/** A connection on which nothing has been said yet. */
export async function peer(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined); // what becomes of it is seen by its end
  return socket;
}

/** Resolves when the connection is no more, closed or broken, whatever was still sent on it. */
export function closing(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function send(socket: Socket, text: string, cut: number | undefined): Promise<void> {
  const bytes = Buffer.from(text);
  const pieces = cut === undefined || cut >= bytes.length ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
  for (const piece of pieces) {
    socket.write(piece);
    await turn(); // two turns of the loop: the first piece is read before the second is written
    await turn();
  }
}
