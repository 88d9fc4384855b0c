/** The store on both databases: SQLite, and a real MariaDB. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { clock } from '../../src/clock';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { openStore } from '../../src/store/open';
import { describeAsRoot } from '../support/as-root';
import { storeContract, type StorePlace } from './store-contract';
import { countriesContract } from './store-countries-contract';

describe('a store on SQLite', () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  const make = (): Promise<StorePlace> => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'));
    folders.push(folder);
    const file = join(folder, 'tollgate.db');
    const tamper = (statements: string) => {
      new Database(file).exec(statements).close();
      return Promise.resolve();
    };
    return Promise.resolve({ open: () => openStore({ kind: 'sqlite', file, clock }), tamper });
  };
  storeContract(make);
  countriesContract(make);
});

describeAsRoot('a store on MariaDB', () => {
  let server: RunningMariadb;
  let databases = 0;
  let tables: readonly string[] = [];
  const urlOf = (name: string) => `mysql://root@localhost/${name}?socket=${server.socketPath}`;
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
    await server.sql('CREATE DATABASE pattern CHARACTER SET latin1');
    await (await openStore({ kind: 'mariadb', url: urlOf('pattern'), clock })).close();
    tables = (await server.sql('SHOW TABLES FROM pattern')).trim().split('\n').slice(1);
  });
  afterAll(() => server.close());

  const make = async (): Promise<StorePlace> => {
    const name = `tollgate_${++databases}`;
    // As the first one was made, step by step; to make each so would take a second a test.
    const copies = tables.map(
      (table) => `CREATE TABLE ${name}.${table} LIKE pattern.${table};
        INSERT INTO ${name}.${table} SELECT * FROM pattern.${table};`,
    );
    await server.sql(`CREATE DATABASE ${name} CHARACTER SET latin1; ${copies.join(' ')}`);
    const url = urlOf(name);
    const tamper = async (statements: string) => {
      await server.sql(`USE ${name}; ${statements}`);
    };
    return { open: () => openStore({ kind: 'mariadb', url, clock }), tamper };
  };
  storeContract(make);
  countriesContract(make);
});
