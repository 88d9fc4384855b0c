/** The demo's stage: the PBX with Asterisk, Tollgate and a mail server, the hotel, the carrier and the stranger. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import { AppError } from '../errors';
import { startAsterisk, type RunningAsterisk } from './asterisk';
import { checkout } from './checkout';
import { makeHost, type Host } from './host';
import { internet } from './internet';
import { pbxConfig } from './pbx-config';
import { inTree, type Room } from './room';
import { storyFolder } from './remains';
import type { Received } from './smtp-sink';
import { asService, SERVICE_ID } from './unprivileged';

export const ADDRESS = {
  pbx: '203.0.113.1',
  hotel: '198.51.100.77',
  carrier: '192.0.2.10',
  stranger: '192.0.2.166',
} as const;
/** The same hosts over IPv6. */
export const ADDRESS6 = {
  pbx: '2001:db8:1::1',
  hotel: '2001:db8:2::77',
  stranger: '2001:db8:3::166',
} as const;
export const EXTENSION = { user: '701', password: randomBytes(9).toString('base64url') } as const;

export interface Stage {
  readonly pbx: Host;
  readonly hotel: Host;
  readonly stranger: Host;
  readonly asterisk: RunningAsterisk;
  /** The carrier's programs: SIPp. */
  readonly carrier: Room;
  readonly letters: readonly Received[];
  readonly mailServer: { start(): Promise<void>; stop(): Promise<void> };
  /** The state folder. */
  readonly state: string;
  /** One command, as the daemon's own user; resolves to its stdout. */
  readonly tollgate: (...args: readonly string[]) => Promise<string>;
  /** The same with what is typed into it. */
  readonly tollgateWith: (stdin: string, ...args: readonly string[]) => Promise<string>;
  /** Starts the daemon and resolves when it answers commands. */
  serve(): Promise<ChildProcess>;
  close(): Promise<void>;
}

const SMTP_PORT = 2525;
const MAIN = join(checkout(), 'dist/src/main.js');

export interface StageOptions {
  /** TOML after the demo's own. */
  readonly settings?: string;
  /** Asterisk's files: name -> text after the demo's own. */
  readonly asterisk?: Readonly<Record<string, string>>;
  /** Where its folder is made; the folder for temporary files unless told. */
  readonly within?: string;
}

/** `tree` from `tree(ASTERISK_22, …)`. */
export async function setStage(
  tree: string,
  { settings: more = '', asterisk: files = {}, within = tmpdir() }: StageOptions = {},
): Promise<Stage> {
  const pbx = await makeHost('pbx');
  const hotel = await makeHost('hotel');
  const carrierHost = await makeHost('carrier');
  const stranger = await makeHost('stranger');
  const site = (host: Host, address: string, length: number, gateway: string, address6?: string) => ({
    host,
    addresses: [`${address}/${length}`, ...(address6 === undefined ? [] : [`${address6}/64`])],
    gateways: [`${gateway}/${length}`, ...(address6 === undefined ? [] : [`${address6.replace(/::.*/, '::fe')}/64`])],
  });
  const router = await internet([
    site(pbx, ADDRESS.pbx, 24, '203.0.113.254', ADDRESS6.pbx),
    site(hotel, ADDRESS.hotel, 24, '198.51.100.254', ADDRESS6.hotel),
    site(carrierHost, ADDRESS.carrier, 25, '192.0.2.126'),
    site(stranger, ADDRESS.stranger, 25, '192.0.2.254', ADDRESS6.stranger),
  ]);
  const folder = await mkdtemp(join(within, storyFolder()));
  await chown(folder, SERVICE_ID, SERVICE_ID);
  const amiSecret = randomBytes(12).toString('base64url');
  const settings = join(folder, 'tollgate.toml');
  await writeFile(settings, `${settingsText(folder, amiSecret, await asteriskId(tree))}${more}`);
  const sounds = join(checkout(), 'sounds');
  const config = await pbxConfig({
    extension: EXTENSION.user,
    password: EXTENSION.password,
    carrier: ADDRESS.carrier,
    amiSecret,
  });
  for (const [name, text] of Object.entries(files)) config[name] = `${config[name] ?? ''}\n${text}`;
  const asterisk = await startAsterisk(pbx, { tree, config, binds: [sounds] });
  const carrier = await inTree(carrierHost, tree);
  const letters: Received[] = [];
  let sink = await startSink(pbx, letters);
  const stopSink = async () => {
    const ended = once(sink, 'exit');
    sink.stdin?.end();
    await ended;
  };
  const service = asService(pbx);
  const tollgateWith = (stdin: string, ...args: readonly string[]) =>
    service.run(MAIN, ['--config', settings, ...args], { stdin, timeoutMs: 30_000 });
  const tollgate = (...args: readonly string[]) => tollgateWith('', ...args);
  let daemon: ChildProcess | undefined;
  return {
    ...{ pbx, hotel, stranger, asterisk, carrier, letters, tollgate, tollgateWith, state: join(folder, 'state') },
    mailServer: {
      stop: stopSink,
      start: async () => {
        sink = await startSink(pbx, letters);
      },
    },
    serve: async () => {
      daemon = service.spawn(MAIN, ['--config', settings, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] });
      await ready(daemon);
      return daemon;
    },
    close: async () => {
      if (daemon?.exitCode === null && daemon.signalCode === null) {
        const ended = once(daemon, 'exit');
        daemon.kill('SIGTERM');
        await ended;
      }
      sink.stdin?.end();
      carrier.close();
      await asterisk.close();
      for (const host of [pbx, hotel, carrierHost, stranger, router]) host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Documentation addresses stand for the Internet here; the mail server is on the PBX's own loopback. */
function settingsText(folder: string, amiSecret: string, asteriskUser: string): string {
  return `[pbx]
name = "the demo PBX"
number = "1 555 123 4567"
[store]
state = "${join(folder, 'state')}"
[ami]
secret = "${amiSecret}"
run_by = ["${asteriskUser}"]
[call]
allow_documentation_addresses = true
[mail]
from = "pbx@pbx.example"
host = "127.0.0.1"
port = ${SMTP_PORT}
security = "none"
`;
}

/** Asterisk's user in the tree, whom this machine does not know by name. */
async function asteriskId(tree: string): Promise<string> {
  const users = await readFile(join(tree, 'etc/passwd'), 'utf8');
  return /^asterisk:[^:]*:(\d+):/m.exec(users)?.[1] ?? 'asterisk';
}

async function startSink(pbx: Host, letters: Received[]): Promise<ChildProcess> {
  const script = join(checkout(), 'dist/src/lab/smtp-sink.js');
  const sink = pbx.spawn(process.execPath, [script, String(SMTP_PORT)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const up = new Promise<void>((resolve, reject) => {
    sink.on('exit', (code) => reject(new AppError('SETUP_FAILED', `the mail server ended (${code})`, 'npm run build')));
    if (sink.stdout === null) return;
    createInterface(sink.stdout).on('line', (line) => {
      if (line === 'listening') resolve();
      else letters.push(JSON.parse(line) as Received);
    });
  });
  await up;
  return sink;
}

/** The daemon says so in its log, one JSON line an event. */
async function ready(daemon: ChildProcess): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    daemon.on('exit', (code) =>
      reject(new AppError('SETUP_FAILED', `tollgate serve ended (${code}): ${lines.join('\n')}`, 'see above')),
    );
    if (daemon.stderr === null) return;
    createInterface(daemon.stderr).on('line', (line) => {
      lines.push(line);
      if (line.includes('"part":"control"')) resolve();
    });
  });
}
