/** Stores on a real MariaDB of a test's own, each test with an empty database. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { clock } from '../../src/clock';
import type { NewEntry } from '../../src/domain/entry';
import { parseNetwork, type Network } from '../../src/domain/network';
import type { Records, Store } from '../../src/domain/store';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { openStore } from '../../src/store/open';

export const NOW = new Date('2030-06-01T12:00:00Z');
export const [network, v6] = ['192.0.2.1', '2001:db8::1'].map(parseNetwork) as [Network, Network];
export const ENTRY: NewEntry = {
  ...{ kind: 'allow', what: '192.0.2.1', network, services: ['phone'], account: '12', by: 'root', since: NOW },
  ...{ until: 'forever', name: undefined, note: undefined, state: 'open' },
};
const LINE = { action: 'allow', by: 'root', what: 'x', from: undefined, why: 'x', entry: undefined } as const;
const DEADLINE_MS = 1500;
/** Getting a connection, one statement and its lock waits, each tried again, with room for a busy machine. */
const BOUND_MS = 15_000;

export const BOUNDS = { clock, deadlineMs: DEADLINE_MS, lockWaitSeconds: 1 };
export const saying = (text: RegExp, code = 'STORE_FAILED') => ({
  code,
  message: expect.stringMatching(text) as string,
});
export const write = (store: Pick<Records, 'addJournal'>) => store.addJournal({ ...LINE, before: undefined }, NOW);
export const lines = async (store: Store) => (await store.journalAfter(0, 1e6)).length;
/** A server; `diskMib`: with a disk of its own of that size. */
export const mariadb = async (diskMib?: number) =>
  startMariadb(await tree(MARIADB, { progress: () => undefined }), diskMib);

export interface MariadbStores {
  readonly server: RunningMariadb;
  readonly folder: string;
  readonly database: string;
  readonly urlOf: (user: string) => string;
  readonly open: (user?: string) => Promise<Store>;
  /** A connection that is none of a store's. */
  readonly admin: () => Promise<Connection>;
  /** Leads to the server as it runs now. */
  readonly link: () => void;
}

/** Call it in a `describe`: what it returns can be used in its tests. */
export function mariadbStores(): MariadbStores {
  let server: RunningMariadb;
  let folder = '';
  let databases = 0;
  const stores: Store[] = [];
  const socket = () => join(folder, 'sock');
  const use: MariadbStores = {
    get server() {
      return server;
    },
    get folder() {
      return folder;
    },
    get database() {
      return `tollgate_${databases}`;
    },
    urlOf: (user) => `mysql://${user}@localhost/${use.database}?socket=${socket()}`,
    open: async (user = 'root') => {
      const store = await openStore({ kind: 'mariadb', url: use.urlOf(user), ...BOUNDS });
      stores.push(store);
      return store;
    },
    admin: () => createConnection({ user: 'root', socketPath: socket(), database: use.database }),
    link: () => {
      rmSync(socket(), { force: true });
      symlinkSync(server.socketPath, socket());
    },
  };
  beforeAll(async () => {
    server = await mariadb();
    folder = mkdtempSync(join(tmpdir(), 'tollgate-mariadb-'));
    use.link();
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    databases++;
    await server.sql(`CREATE DATABASE ${use.database}`);
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  return use;
}

/** Fails when it does not end in time. */
export async function bounded<T>(work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const tooLate = clock.sleep(BOUND_MS, late.signal).then(() => Promise.reject(new Error('it did not end in time')));
  tooLate.catch(() => undefined);
  return Promise.race([work, tooLate]).finally(() => late.abort());
}
