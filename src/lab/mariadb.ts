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
  close(): Promise<void>;
}

const START_MS = 60_000;
/** Of what it says, for an error. */
const MOST_WORDS = 2_000;
const SOCKET = '/run/mysqld/mysqld.sock';

/** `tree` from `tree(MARIADB, …)`. Resolves when it answers. Rejects with SETUP_FAILED or COMMAND_FAILED. */
export async function startMariadb(tree: string): Promise<RunningMariadb> {
  const host = await makeHost('mariadb');
  const room = await inTree(host, tree);
  const sql = (statement: string) => room.run('mariadb', ['--socket', SOCKET, '--execute', statement]);
  const data = '--datadir=/var/lib/tollgate';
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
