/** A real MariaDB with an empty database, in a network and a room of its own. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { makeHost } from './host';
import { inTree } from './room';

export interface RunningMariadb {
  /** A socket that this process reaches; user `root`, no password, database `tollgate`. */
  readonly socketPath: string;
  /** SQL as root; resolves to what the client printed. */
  sql(statement: string): Promise<string>;
  /** Stops the server as an admin does; its data stay. */
  stop(): Promise<void>;
  /** Starts it again; `socketPath` is another then. */
  start(): Promise<void>;
  /** Lets the server stand still, so that it holds its connections and answers nothing; `false` lets it go on. */
  freeze(still: boolean): Promise<void>;
  /** Takes all room that its disk has left, which needs a disk of its own; `false` gives it back. */
  fill(full: boolean): Promise<void>;
  close(): Promise<void>;
}

const START_MS = 60_000;
/** Of what it says, for an error. */
const MOST_WORDS = 2_000;
const FOLDER = '/var/lib/tollgate';
const SOCKET = '/run/mysqld/mysqld.sock';

/** `tree` from `tree(MARIADB, …)`. `diskMib`: its data lie on a disk of their own of that size. Resolves when it answers. Rejects with SETUP_FAILED or COMMAND_FAILED. */
export async function startMariadb(tree: string, diskMib?: number): Promise<RunningMariadb> {
  const host = await makeHost('mariadb');
  const room = await inTree(host, tree);
  const sql = (statement: string) => room.run('mariadb', ['--socket', SOCKET, '--execute', statement]);
  const data = `--datadir=${FOLDER}`;
  if (diskMib !== undefined) {
    await room.run('mkdir', ['-p', FOLDER]);
    await room.run('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'tmpfs', FOLDER]);
  }
  const install = ['--user=mysql', data, '--auth-root-authentication-method=normal', '--skip-test-db'];
  await room.run('mariadb-install-db', install, { timeoutMs: START_MS });
  await room.run('install', ['-d', '-o', 'mysql', '/run/mysqld']);
  const args = ['--no-defaults', data, `--socket=${SOCKET}`, '--skip-networking', '--character-set-server=utf8mb4'];
  const start = async () => {
    const daemon = room.spawn('mariadbd', args, { user: 'mysql', stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    daemon.stderr?.on('data', (text: Buffer) => (words = (words + text.toString()).slice(-MOST_WORDS)));
    const deadline = Date.now() + START_MS;
    for (;;) {
      const failure = await sql('CREATE DATABASE IF NOT EXISTS tollgate').then(() => undefined, String);
      if (failure === undefined) return daemon;
      if (daemon.exitCode !== null || Date.now() > deadline) {
        throw new AppError('SETUP_FAILED', `MariaDB did not start: ${failure}\n${words}`, 'see its own words above');
      }
      await sleep(50);
    }
  };
  let daemon = await start().catch((error: unknown) => {
    room.close();
    host.close();
    throw error;
  });
  const stop = async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  };
  return {
    get socketPath() {
      return `/proc/${daemon.pid ?? 0}/root${SOCKET}`;
    },
    sql,
    stop,
    start: async () => {
      daemon = await start();
    },
    freeze: async (still) => {
      daemon.kill(still ? 'SIGSTOP' : 'SIGCONT');
      while ((await isStopped(daemon.pid ?? 0)) !== still) await sleep(5);
    },
    fill: async (full) => {
      // It ends when there is no room left, which is what was asked for.
      if (full) await room.run('sh', ['-c', `dd if=/dev/zero of=${FOLDER}/ballast bs=4k 2>/dev/null || true`]);
      else await room.run('rm', ['-f', `${FOLDER}/ballast`]);
    },
    close: async () => {
      await stop();
      room.close();
      host.close();
    },
  };
}

/** Are all threads stopped? The signal reaches them one after another. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/stat`, 'utf8')));
  return states.every((state) => /\) T /.test(state));
}
