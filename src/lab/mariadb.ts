/** A real MariaDB with an empty database, in a network and a room of its own. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors';
import { makeHost } from './host';
import { inTree } from './room';

export interface RunningMariadb {
  /** A socket that this process reaches; user `root`, no password, database `tollgate`. */
  readonly socketPath: string;
  /** SQL as root; resolves to what the client printed. */
  sql(statement: string): Promise<string>;
  close(): Promise<void>;
}

const START_MS = 60_000;
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
  const daemon = room.spawn('mariadbd', args, { user: 'mysql', stdio: 'ignore' });
  const deadline = Date.now() + START_MS;
  for (;;) {
    const failure = await sql('CREATE DATABASE IF NOT EXISTS tollgate').then(() => undefined, String);
    if (failure === undefined) break;
    if (daemon.exitCode !== null || Date.now() > deadline) {
      throw new AppError('SETUP_FAILED', `MariaDB did not start: ${failure}`, 'remove its tree, it is made anew');
    }
    await sleep(50);
  }
  return {
    socketPath: `/proc/${daemon.pid ?? 0}/root${SOCKET}`,
    sql,
    close: async () => {
      const ended = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await ended;
      room.close();
      host.close();
    },
  };
}
