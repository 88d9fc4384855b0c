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

/** `silence`: it stays and reads, and 10 seconds pass. */
export const BREAKS = ['end', 'reset', 'silence'] as const;

export interface Wire {
  /** Everything that Asterisk sends is cut into two segments behind this many bytes of each chunk, or behind every byte. */
  readonly cut?: number | 'every byte';
  /** When it has sent so many bytes it says nothing more, whatever was to come, and goes like this. */
  readonly breaks?: { readonly after: number; readonly by: (typeof BREAKS)[number] };
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
  { cut, environment = ENVIRONMENT, pass, breaks }: Wire = {},
): Promise<void> {
  const socket = await peer(port);
  let left = breaks?.after ?? Infinity;
  const send = async (text: string) => {
    const bytes = Buffer.from(text);
    const whole = left > bytes.length;
    await sendPieces(socket, whole ? bytes : bytes.subarray(0, left), cut);
    left -= bytes.length;
    if (!whole) throw new Broken();
  };
  const closed = closing(socket);
  const lines = createInterface(socket);
  socket.once('close', () => lines.close()); // a broken connection has no end of its own
  const heard = lines[Symbol.asyncIterator]();
  let toSend = [...environment, ''];
  const nextCommand = async () => {
    for (;;) {
      const next = await heard.next().catch(() => OVER); // cut off with words of ours unread
      const mark = next.done === true ? undefined : MARK.exec(next.value)?.[1];
      if (mark === undefined) return next;
      await send(`200 result=1 (${mark})\n`);
    }
  };
  const flush = async () => {
    if (toSend.length > 0) await send(`${toSend.join('\n')}\n`);
    toSend = [];
  };
  const leave = (how: string) => {
    if (how === 'reset') socket.resetAndDestroy();
    else if (how === 'end') socket.end();
  };
  const play = async () => {
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
        leave(text);
      }
    }
    await flush();
    const more = await nextCommand();
    if (more.done !== true) throw new Error(`expected: nothing more\n     got: ${more.value}`);
  };
  try {
    await play();
  } catch (error) {
    if (!(error instanceof Broken) || !breaks) throw error;
    leave(breaks.by);
    if (breaks.by === 'silence') await pass?.(10_000);
  }
  await closed;
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };
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

class Broken extends Error {}

async function sendPieces(socket: Socket, bytes: Buffer, cut: Wire['cut']): Promise<void> {
  const ends = cut === 'every byte' ? Array.from(bytes, (_, i) => i + 1) : [cut ?? bytes.length, bytes.length];
  const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  for (const piece of pieces.filter(({ length }) => length > 0)) {
    socket.write(piece);
    await turn(); // two turns of the loop: the first piece is read before the second is written
    await turn();
  }
}
