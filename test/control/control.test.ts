import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectControl } from '../../src/control/client';
import { MOST_CHARACTERS } from '../../src/control/protocol';
import { startControl, type ControlServer } from '../../src/control/server';
import { AppError } from '../../src/errors';
import { until } from '../support/until';

type Calls = {
  add(asked: { a: number; b: number }): Promise<number>;
  slow(asked: object): Promise<string>;
  refuse(asked: object): Promise<never>;
  bug(asked: object): Promise<never>;
};

let folder: string;
let path: string;
let server: ControlServer;
let logged: string[];
let finish: ((text: string) => void) | undefined;

const calls: Calls = {
  add: ({ a, b }) => Promise.resolve(a + b),
  slow: () => new Promise((resolve) => (finish = resolve)),
  refuse: () => Promise.reject(new AppError('REFUSED', 'not today', 'ask tomorrow')),
  bug: () => Promise.reject(new TypeError('secret detail')),
};
const client = async () => {
  const opened = await connectControl<Calls>(path);
  if (!opened) throw new Error('nobody listens');
  return opened;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-control-'));
  path = join(folder, 'control.sock');
  logged = [];
  finish = undefined;
  server = await startControl(path, calls, (event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

it('a command gets its answer, and many get theirs in order', async () => {
  const { calls: ask, close } = await client();
  expect(await Promise.all([1, 2, 3].map((a) => ask.add({ a, b: 10 })))).toEqual([11, 12, 13]);
  close();
});

it('a refusal keeps its code, its words and its hint', async () => {
  const { calls: ask, close } = await client();
  await expect(ask.refuse({})).rejects.toMatchObject({ code: 'REFUSED', what: 'not today', hint: 'ask tomorrow' });
  close();
});

it('a bug of ours is told without its details, which are in the log', async () => {
  const { calls: ask, close } = await client();
  const answer = await ask.bug({}).catch((error: unknown) => String(error));
  expect(answer).not.toContain('secret detail');
  expect(logged.join()).toContain('secret detail');
  close();
});

it.each(['constructor', '__proto__', 'toString', 'nothing'])('there is no call "%s"', async (call) => {
  const opened = await client();
  const ask = opened.calls as unknown as Record<string, (asked: object) => Promise<unknown>>;
  await expect(ask[call]?.({})).rejects.toMatchObject({ code: 'MISUSED' });
  opened.close();
});

it('garbage is answered and does no harm', async () => {
  const socket = connect(path);
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  socket.write('GET / HTTP/1.1\n');
  await until(() => answer.includes('\n'), 'an answer');
  expect(JSON.parse(answer)).toMatchObject({ kind: 'failed' });
  socket.destroy();
});

it('a question without an end is cut off', async () => {
  const socket = connect(path);
  let closed = false;
  socket.on('error', () => undefined).on('close', () => (closed = true));
  socket.write('x'.repeat(MOST_CHARACTERS + 2));
  await until(() => closed, 'the end');
});

it('nobody fills the memory with many long questions, and who was cut off left room for others', async () => {
  const half = 'x'.repeat(MOST_CHARACTERS - 1);
  const sockets = Array.from({ length: 5 }, () => connect(path).on('error', () => undefined));
  for (const socket of sockets) socket.write(half);
  await until(() => sockets.some((socket) => socket.closed), 'one that is cut off');
  await until(() => logged.some((line) => line.startsWith('control-broken')), 'the word of it');
  expect(sockets.filter((socket) => socket.closed)).toHaveLength(1);
  const { calls: ask, close } = await client();
  expect(await ask.add({ a: 1, b: 2 })).toBe(3);
  for (const socket of sockets) socket.destroy();
  close();
});

it('what is no question is told so, and is no bug', async () => {
  const socket = connect(path);
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const lines = ['{', 'null', '[]', '"x"', '{"call":5}', '', '\u001b[2J'];
  socket.write(`${lines.join('\n')}\n`);
  await until(() => said.split('\n').length > lines.length, 'all answers');
  for (const line of said.trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ kind: 'failed', code: 'MISUSED' });
  expect(logged).toEqual([]);
  socket.destroy();
});

it('a peer that reads no answers is asked for no more questions, and does not hold up the end', async () => {
  const socket = connect(path).pause();
  const question = '{"call":"add","asked":{"a":1,"b":2}}\n'.repeat(1000);
  const full = () => socket.writableLength > 1024 * 1024;
  for (let i = 0; i < 1000 && !full(); i++) {
    socket.write(question);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(full()).toBe(true);
  socket.on('error', () => undefined);
  await server.stop();
  server = await startControl(path, calls, () => undefined);
  socket.destroy();
});

it('stopping waits for the answer under way', async () => {
  const { calls: ask } = await client();
  const answer = ask.slow({});
  await until(() => finish !== undefined, 'the question');
  const stopped = server.stop();
  finish?.('done');
  expect(await answer).toBe('done');
  await stopped;
  server = await startControl(path, calls, () => undefined);
});

it('stopping takes no more questions, also from who has been connected for long', async () => {
  const [{ calls: ask }, { calls: late }] = [await client(), await client()];
  const add = jest.spyOn(calls, 'add');
  const answer = ask.slow({});
  await until(() => finish !== undefined, 'the question');
  const stopped = server.stop();
  const refused = late.add({ a: 1, b: 2 }).catch((error: unknown) => String(error));
  await sleep(50); // it has come
  finish?.('done');
  expect(await answer).toBe('done');
  expect(await refused).toContain('the daemon went away');
  expect(add).not.toHaveBeenCalled();
  add.mockRestore();
  await stopped;
  server = await startControl(path, calls, () => undefined);
});

it('a command whose daemon goes away is told so', async () => {
  const { calls: ask, close } = await client();
  const answer = ask.slow({}).catch((error: unknown) => String(error));
  await until(() => finish !== undefined, 'the question');
  close();
  expect(await answer).toContain('the daemon went away');
  finish?.('too late');
});

it('without a daemon there is nobody to ask', async () => {
  expect(await connectControl(join(folder, 'nothing.sock'))).toBeUndefined();
});

it('the socket is for its owner and its group', () => {
  expect(statSync(path).mode & 0o777).toBe(0o660);
});
