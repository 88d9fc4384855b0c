/** Commands speak to the daemon here: a unix socket for root and the daemon's group. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../errors';
import type { Log } from '../ports';
import { MOST_BYTES, type Answer, type Calls, type Question } from './protocol';

export interface ControlServer {
  /** Takes no more questions and waits for the answers under way. */
  stop(): Promise<void>;
}

/** The caller holds the state's lock, so a socket file that is there belongs to nobody. */
export async function startControl(path: string, calls: Calls, log: Log): Promise<ControlServer> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const busy = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) => log('control-broken', { error: error.message }));
    let last = Promise.resolve(); // answers come in the order of the questions
    readLines(socket, (line) => {
      const work = last.then(async () => void socket.write(`${JSON.stringify(await answerTo(line, calls, log))}\n`));
      last = work;
      busy.add(work);
      void work.finally(() => busy.delete(work));
    });
  });
  await listen(server, path);
  await chmod(path, 0o660);
  return {
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all(busy);
      for (const socket of sockets) socket.end();
      await closed;
    },
  };
}

/** Never rejects: a fault of the world is an answer with its hint, a bug is one without details, and logged. */
async function answerTo(line: string, calls: Calls, log: Log): Promise<Answer> {
  try {
    const { call, asked } = JSON.parse(line) as Question;
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

function readLines(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_BYTES) socket.destroy(new Error('a question longer than any'));
    for (const line of lines) take(line);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new AppError('COMMAND_FAILED', `cannot listen on ${path}: ${error.message}`, 'set store.socket', error)),
    );
    server.listen(path, resolve);
  });
}
