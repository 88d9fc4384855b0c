/** A command's end of the control socket. */
import { connect, type Socket } from 'node:net';
import { AppError, type Code } from '../errors';
import type { Answer, Calls } from './protocol';

export interface ControlClient<T extends Calls> {
  readonly calls: T;
  readonly close: () => void;
}

/** Undefined when no daemon listens there. Rejects with LOCKED when it does but this user may not speak to it. */
export async function connectControl<T extends Calls>(path: string): Promise<ControlClient<T> | undefined> {
  const socket = await open(path);
  if (!socket) return undefined;
  const waiting: ((answer: Answer) => void)[] = [];
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.(JSON.parse(line) as Answer);
  });
  const gone: Answer = {
    kind: 'failed',
    code: 'LOCKED',
    message: 'the daemon went away before it answered',
    hint: 'see its log ("journalctl -u tollgate"), then look with "tollgate status" whether it was done',
  };
  socket.on('close', () => waiting.splice(0).forEach((settle) => settle(gone)));
  socket.on('error', () => undefined); // 'close' follows and settles everything

  const ask = async (call: string, asked: unknown): Promise<unknown> => {
    const answer = await new Promise<Answer>((resolve) => {
      waiting.push(resolve);
      socket.write(`${JSON.stringify({ call, asked })}\n`);
    });
    if (answer.kind === 'done') return answer.result;
    throw new AppError(answer.code as Code, answer.message, answer.hint);
  };
  const calls = new Proxy({} as T, {
    get: (_target, call) =>
      typeof call === 'string' && call !== 'then' ? (asked: unknown) => ask(call, asked) : undefined,
  });
  return { calls, close: () => void socket.end() };
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else
        reject(
          new AppError('LOCKED', `cannot speak to the daemon at ${path}: ${error.message}`, 'run it as root', error),
        );
    });
  });
}
