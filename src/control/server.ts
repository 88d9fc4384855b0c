/** Commands speak to the daemon here: a unix socket for root and the daemon's group. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../errors';
import type { Log } from '../ports';
import { MOST_CHARACTERS, type Answer, type Calls, type Question } from './protocol';

export interface ControlServer {
  /** Takes no more questions and waits for the answers under way. */
  stop(): Promise<void>;
}

/** A person may think for a while before he types a PIN. */
const IDLE_MS = 10 * 60_000;
const LAST_WORDS_MS = 2_000;
/** Of all questions that have not come to their end yet: whoever makes it more is cut off. */
const MOST_TOGETHER = 4 * MOST_CHARACTERS;

/** The caller holds the state's lock, so a socket file that is there belongs to nobody. */
export async function startControl(path: string, calls: Calls, log: Log): Promise<ControlServer> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const busy = new Set<Promise<void>>();
  const unfinished: Unfinished = { characters: 0 };
  let isStopping = false;
  const reply = async (socket: Socket, line: string) => {
    if (isStopping) return; // what it would need may be closed before it is answered
    const work = answerTo(line, calls, log).then((answer) => void socket.write(`${JSON.stringify(answer)}\n`));
    busy.add(work);
    await work;
    busy.delete(work);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    converse(linesOf(socket, unfinished), socket, (line) => reply(socket, line)).catch((error: unknown) => {
      // Whoever hangs up in the middle has told us all by that.
      if (!socket.closed || error instanceof AppError) log('control-broken', { error: String(error) });
      socket.destroy();
    });
  });
  await listen(server, path);
  await chmod(path, 0o660);
  return {
    async stop() {
      isStopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all(busy);
      for (const socket of sockets) {
        socket.destroySoon();
        socket.setTimeout(LAST_WORDS_MS, () => socket.destroy()); // who does not read them holds up nobody
      }
      await closed;
    },
  };
}

/** One question after another: a peer that does not read its answers is asked for no more. */
async function converse(
  lines: AsyncIterable<string>,
  socket: Socket,
  reply: (line: string) => Promise<void>,
): Promise<void> {
  for await (const line of lines) {
    await reply(line);
    if (socket.writableNeedDrain) await drained(socket);
  }
}

/** Shared by all connections. */
interface Unfinished {
  characters: number;
}

async function* linesOf(socket: Socket, unfinished: Unfinished): AsyncGenerator<string> {
  let rest = '';
  const keep = (text: string) => {
    unfinished.characters += text.length - rest.length;
    rest = text;
  };
  try {
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
      const [first = '', ...more] = chunk.split('\n');
      const lines = [rest + first, ...more];
      keep(lines.pop() ?? '');
      yield* lines;
      if (rest.length > MOST_CHARACTERS || unfinished.characters > MOST_TOGETHER)
        throw new AppError('MISUSED', 'longer questions than any', 'what asks there?');
    }
  } finally {
    keep('');
  }
}

/** Or closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Never rejects: a fault of the world is an answer with its hint, a bug is one without details, and logged. */
async function answerTo(line: string, calls: Calls, log: Log): Promise<Answer> {
  try {
    const { call, asked } = questionIn(line);
    const known = Object.hasOwn(calls, call) ? calls[call] : undefined;
    if (!known)
      throw new AppError('MISUSED', `the daemon knows no "${call}"`, 'is it older than this command? restart it');
    return { kind: 'done', result: (await known(asked as never)) ?? null };
  } catch (error) {
    if (error instanceof AppError) return { kind: 'failed', code: error.code, message: error.what, hint: error.hint };
    log('bug', { where: 'control', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return { kind: 'failed', code: 'BUG', message: 'Tollgate made a mistake of its own', hint: 'see the daemon’s log' };
  }
}

function questionIn(line: string): Question {
  try {
    const question = JSON.parse(line) as Partial<Question> | null;
    if (typeof question?.call === 'string') return { call: question.call, asked: question.asked };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AppError(
    'MISUSED',
    'that is no question of ours',
    'one JSON object a line: {"call": "status", "asked": {}}',
  );
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new AppError('COMMAND_FAILED', `cannot listen on ${path}: ${error.message}`, 'set store.socket', error)),
    );
    server.listen(path, resolve);
  });
}
