/** The two databases that Tollgate is killed over. */
import { startMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';

export interface CrashStores {
  /** An empty one. `database`: the URL of a MariaDB; left out: a file in the state folder. */
  make(): Promise<{ readonly database?: string }>;
  close(): Promise<void>;
}

export async function openCrashStores(kind: 'SQLite' | 'MariaDB'): Promise<CrashStores> {
  if (kind === 'SQLite') return { make: () => Promise.resolve({}), close: () => Promise.resolve() };
  const server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
  let made = 0;
  return {
    async make() {
      const name = `crash_${++made}`;
      await server.sql(`CREATE DATABASE ${name}`);
      return { database: `mysql://root@localhost/${name}?socket=${server.socketPath}` };
    },
    close: () => server.close(),
  };
}
