/** A real Asterisk on a host of the lab. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { checkout } from './checkout';
import type { Host } from './host';
import { inTree, type Room } from './room';

export interface AsteriskOptions {
  /** From `tree(ASTERISK_22, …)`. */
  readonly tree: string;
  /** File name in /etc/asterisk -> its text. Files of the same name in `src/lab/asterisk` are replaced as a whole. */
  readonly config?: Readonly<Record<string, string>>;
  /** Absolute folders that Asterisk sees at the same path, read-only: recordings. */
  readonly binds?: readonly string[];
}

export interface RunningAsterisk {
  readonly room: Room;
  /** One CLI command; resolves to what it printed. */
  rx(command: string): Promise<string>;
  /** What it has logged so far, notices to verbose and security events. */
  log(): Promise<string>;
  /** `configure` first writes these files anew. Resolves when it has fully booted. */
  restart(configure?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends it in order, channels at once. */
  stop(): Promise<void>;
  /** As a crash would. */
  kill(): Promise<void>;
  /** Stops it and takes the room away. */
  close(): Promise<void>;
}

const BOOT_MS = 60_000;

/** The lab's own configuration, as a base to add to: file name -> text. */
export async function baseConfig(): Promise<Record<string, string>> {
  const folder = join(checkout(), 'src/lab/asterisk');
  const files = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

/** Starts it in the host's network and resolves when it has fully booted. Rejects with SETUP_FAILED and its log. */
export async function startAsterisk(host: Host, options: AsteriskOptions): Promise<RunningAsterisk> {
  const room = await inTree(host, options.tree, options.binds);
  const configure = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await room.write(`/etc/asterisk/${name}`, text);
  };
  const rx = (command: string) => room.run('asterisk', ['-rx', command], { timeoutMs: BOOT_MS });
  const log = () => room.read('/var/log/asterisk/messages.log').catch(() => '');
  let daemon: ChildProcess | undefined;

  const start = async () => {
    daemon = room.spawn('asterisk', ['-f'], { user: 'asterisk', stdio: 'ignore' });
    await booted(rx, daemon).catch(async (error: unknown) => {
      const lines = (await log()).split('\n').slice(-20).join('\n');
      throw new AppError('SETUP_FAILED', `Asterisk did not start (${String(error)}):\n${lines}`, 'see its log above');
    });
  };
  const end = async (how: () => Promise<unknown>) => {
    if (daemon?.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    await how();
    await ended;
  };
  // The CLI's connection is cut while it answers: what counts is that the process has ended.
  const stop = () => end(() => rx('core stop now').catch(() => undefined));

  await configure({ ...(await baseConfig()), ...options.config });
  // Its control socket's folder, which Debian's start script makes.
  await room.run('install', ['-d', '-o', 'asterisk', '-g', 'asterisk', '/run/asterisk']);
  await start();
  return {
    room,
    rx,
    log,
    stop,
    kill: () => end(() => Promise.resolve(daemon?.kill('SIGKILL'))),
    restart: async (files = {}) => {
      await stop();
      await configure(files);
      await start();
    },
    close: async () => {
      await stop();
      room.close();
    },
  };
}

/** Asks until the control socket is there, then lets Asterisk itself say when it has booted. */
async function booted(rx: (command: string) => Promise<string>, daemon: ChildProcess): Promise<void> {
  const deadline = Date.now() + BOOT_MS;
  for (;;) {
    const answer = await rx('core waitfullybooted').catch((error: unknown) => String(error));
    if (/fully booted/i.test(answer)) return;
    if (daemon.exitCode !== null || daemon.signalCode !== null) throw new Error('it ended at once');
    if (Date.now() > deadline) throw new Error(answer);
    await sleep(50);
  }
}
