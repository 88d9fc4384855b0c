/** A running daemon whose doors for Asterisk and for commands are stormed, while a call and a command go on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from '../../src/lab/checkout';
import { prepareState, stateFolder } from '../../src/state-folder';
import { heldBy, TELLS_HELD } from '../support/held';
import { until } from '../support/until';

let folder: string;
let daemon: ChildProcess;
let agiPort: number;
let control: string;
const logged: string[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-hostile-'));
  agiPort = await freePort();
  const state = stateFolder(join(folder, 'state'));
  control = state.control;
  prepareState(state, randomBytes);
  const settings = join(folder, 'tollgate.toml');
  const text = `[store]\nstate = "${state.folder}"\n[agi]\nport = ${agiPort}\n[ami]\nenabled = false\n[call]\nwarning = "1s"\n`;
  writeFileSync(settings, text);
  const main = join(checkout(), 'dist/src/main.js'); // built by `npm test`
  daemon = spawn(process.execPath, [...TELLS_HELD, main, '--config', settings, 'serve'], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  if (daemon.stderr) createInterface(daemon.stderr).on('line', (line) => logged.push(line));
  await until(() => logged.some((line) => line.includes('"part":"control"')), 'the daemon is up', 20_000);
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));
afterAll(() => {
  daemon.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Where = 'agi' | 'control';
const WHERE: readonly Where[] = ['agi', 'control'];

async function dial(where: Where): Promise<Socket> {
  const socket = where === 'agi' ? connect(agiPort, '127.0.0.1') : connect(control);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** Ends when the daemon closes the connection. */
const closed = (socket: Socket) => until(() => socket.closed, 'the daemon closes the connection', 20_000);

/** A call that goes on until it is over, and the longest that its caller had to wait for the next command. */
async function call(): Promise<{ longestMs: number; result: string }> {
  const socket = await dial('agi');
  let longestMs = 0;
  let result = '';
  let since = performance.now();
  socket.write(
    `agi_network: yes\nagi_network_script: travelin-man\nagi_channel: PJSIP/carrier-1\nagi_callerid: 4930\n\n`,
  );
  for await (const line of createInterface(socket)) {
    longestMs = Math.max(longestMs, performance.now() - since);
    result = /^SET VARIABLE "TOLLGATE_RESULT" "(\w+)"/.exec(line)?.[1] ?? result;
    if (line.startsWith('GET DATA')) {
      await sleep(20); // a person's fingers
      socket.write('200 result=123456\n');
    } else if (line.startsWith('GET FULL VARIABLE')) socket.write(`200 result=1 (${line.split('"')[1]})\n`);
    else if (line.startsWith('WAIT FOR DIGIT')) socket.write('200 result=35\n');
    else socket.write(line.startsWith('STREAM FILE') ? '200 result=0 endpos=800\n' : '200 result=1\n');
    since = performance.now();
  }
  return { longestMs, result };
}

/** One command after another on one connection. */
async function command(): Promise<number> {
  const socket = await dial('control');
  const since = performance.now();
  socket.write('{"call":"status","asked":{}}\n');
  const [answer] = (await once(createInterface(socket), 'line')) as [string];
  expect(JSON.parse(answer)).toMatchObject({ kind: 'done' });
  socket.end();
  return performance.now() - since;
}

/** Calls and commands, one after another, as long as `storm` lasts: how many, and the longest wait. */
async function meanwhile(storm: Promise<unknown>): Promise<void> {
  let over = false;
  void storm.finally(() => (over = true)).catch(() => undefined);
  const results: string[] = [];
  let longestMs = 0;
  const good = async (one: () => Promise<number>) => {
    do longestMs = Math.max(longestMs, await one());
    while (!over);
  };
  const calls = good(async () => {
    const { longestMs: waited, result } = await call();
    results.push(result);
    return waited;
  });
  await Promise.all([storm, calls, good(command)]);
  for (const result of results) expect(result).toMatch(/^(refused|locked)$/); // by its wrong PINs
  expect(longestMs).toBeLessThan(3_000);
}

/** `sched(7)`. */
const SCHED_RR = 2;
/** The 41st field of proc(5)'s stat; the second, a name in parentheses, may hold anything. */
const policyOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);

/** Counters, and the compiler's own notes. */
const LITTLE_MIB = 1;
/** Of a thread that is only started when a PIN has taken too long. */
const FEW_DESCRIPTORS = 8;

/** The first storm only warms it up: code is compiled and caches are filled. What the same storm adds again, it holds. */
async function leavesNothingBehind(storm: () => Promise<unknown>): Promise<void> {
  await meanwhile(storm());
  const before = await heldBy(daemon);
  await meanwhile(storm());
  const after = await heldBy(daemon);
  expect(after.mib - before.mib).toBeLessThan(LITTLE_MIB);
  expect(after.descriptors - before.descriptors).toBeLessThan(FEW_DESCRIPTORS);
}

const ENVIRONMENT = 'agi_network: yes\nagi_network_script: travelin-man\nagi_channel: x\n';
const WORDS: readonly (string | Buffer)[] = [
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n',
  'EHLO x\r\n',
  Buffer.from('16030100750100007103034f', 'hex'),
  '\0'.repeat(5000),
  '\n'.repeat(5000),
  '\u001b[2J\u202e\r\n',
  'agi_network: yes\n\n',
  `${ENVIRONMENT}HANGUP\n\nHANGUP\n`,
  `${ENVIRONMENT}\nHANGUP\n`,
  `${ENVIRONMENT}\n${'200 result=1\n'.repeat(2000)}`,
  `${ENVIRONMENT}\n${'520-Usage: x\n'.repeat(2000)}`,
  `${ENVIRONMENT}\n510 x\n511 x\n520 x\n200 result=-1\n`,
  `${ENVIRONMENT.replace('travelin-man', '__proto__')}\n`,
  'agi_callerid: "\u001b]0;x" <1>\nagi_network_script: constructor\n\n',
  '{"call":"__proto__","asked":{}}\n{"call":"constructor"}\n{"call":5}\n[]\nnull\n"x"\n{\n',
  '{"call":"status","asked":{}}\n'.repeat(500),
  `${'['.repeat(60_000)}\n`,
  '{"call":"status","asked":{"__proto__":{"x":1}}}\n',
];

it('callers are answered in real time, by one thread alone', () => {
  const threads = `/proc/${daemon.pid}/task`;
  const stats = readdirSync(threads).map((thread) => readFileSync(join(threads, thread, 'stat'), 'utf8'));
  expect(stats.map(policyOf).filter((policy) => policy === SCHED_RR)).toHaveLength(1);
});

it('whatever strangers say there, in one piece, in pieces, or broken off', async () => {
  const storm = async (where: Where) => {
    const words = [
      ...WORDS,
      ...Array.from({ length: 40 }, () => randomBytes(1 + (randomBytes(2).readUInt16BE() % 9000))),
    ];
    for (const word of words) {
      const bytes = Buffer.from(word);
      const [whole, cut, broken] = [await dial(where), await dial(where), await dial(where)];
      whole.resume().end(bytes);
      cut.write(bytes.subarray(0, bytes.length / 2));
      setImmediate(() => cut.resume().end(bytes.subarray(bytes.length / 2)));
      broken.write(bytes);
      if (where === 'agi') broken.resetAndDestroy();
      else broken.destroy();
      await Promise.all([closed(whole), closed(cut)]);
    }
  };
  await meanwhile(Promise.all(WHERE.map(storm)));
});

it('who sends megabytes without a newline, or questions without reading answers, is not taken on', async () => {
  const endless = async (where: Where, piece: string) => {
    const socket = await dial(where);
    let sent = 0;
    const listens = () => socket.closed || !socket.writableNeedDrain;
    for (let goesOn = true; goesOn && !socket.closed && sent < 32 * 1024 * 1024; sent += piece.length) {
      socket.write(piece);
      goesOn = await until(listens, 'it listens', 1000).then(
        () => true,
        () => false,
      );
    }
    socket.destroy();
    // A command's question may be an import of 100,000 lines; nobody but root and its group gets there.
    expect(sent).toBeLessThan((where === 'control' ? 24 : 16) * 1024 * 1024);
  };
  const storm = () => {
    const pieces = WHERE.flatMap((where) =>
      ['x'.repeat(65_536), '\u00fc'.repeat(36_864)].map((piece) => endless(where, piece)),
    );
    const deaf = endless('control', '{"call":"log","asked":{"limit":100}}\n'.repeat(1000));
    return Promise.all([...pieces, deaf]);
  };
  await leavesNothingBehind(storm);
});

it('600 that connect and say nothing keep nobody out, and are gone soon', async () => {
  const storm = async () => {
    const silent = await Promise.all(Array.from({ length: 600 }, () => dial('agi')));
    const commands = await Promise.all(Array.from({ length: 200 }, () => dial('control')));
    const halfOpen = await Promise.all(WHERE.map(dial));
    halfOpen.forEach((socket) => socket.end());
    await Promise.all([...silent, ...halfOpen].map((socket) => closed(socket.resume())));
    commands.forEach((socket) => socket.destroy());
  };
  await leavesNothingBehind(storm);
});

it('afterwards the daemon is the same, its log is clean, and it ends as told', async () => {
  expect(daemon.exitCode).toBeNull();
  const deaf = await dial('control');
  deaf.pause().write('{"call":"status","asked":{}}\n');
  const ended = once(daemon, 'exit');
  const since = performance.now();
  daemon.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
  expect(performance.now() - since).toBeLessThan(8_000);
  for (const line of logged) {
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/);
    expect(JSON.parse(line)).not.toMatchObject({ msg: 'bug' });
  }
});
