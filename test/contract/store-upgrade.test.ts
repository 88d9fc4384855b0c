/** A database from before PBXs had names: all that is in it belongs to the one that upgrades it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type Kysely } from 'kysely';
import { clock } from '../../src/clock';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { sharedDatabase } from '../../src/store/migrations/0003-shared-database';
import { firstTables } from '../../src/store/migrations/0001-first-tables';
import { warningsAndChain } from '../../src/store/migrations/0002-warnings-and-chain';
import { openDatabase, openStore, type StoreOptions } from '../../src/store/open';
import { describeAsRoot } from '../support/as-root';

const NOW = new Date('2030-06-01T12:00:00Z');

function upgrade(place: () => Promise<StoreOptions>): void {
  it('keeps its mode, its letters and its doors, also when the upgrade was cut off once', async () => {
    const options = await place();
    const database = await openDatabase(options);
    const db = database.db as Kysely<unknown>;
    await firstTables(database.tables).up(db);
    await warningsAndChain(database.tables).up(db);
    await sql`insert into mode (id, mode, trial_mode, trial_until) values (1, 'watch', 'guard', 5)`.execute(db);
    await sql`insert into entries (kind, what, network, services, opened_by, since, state)
      values ('allow', 'x', '192.0.2.1', '["sip"]', 'root', 1, 'opening')`.execute(db);
    await sql`insert into letters (message_id, to_name, to_address, subject, text, html, queued_at, tries, state, next_try_at)
      values ('<1@x>', 'n', 'a@example.org', 's', 't', 'h', 1, 0, 'queued', 1)`.execute(db);
    await sharedDatabase(database.tables, 'old').up(db);
    await sharedDatabase(database.tables, 'old').up(db);
    await sql`create table tollgate_migration (name varchar(255) primary key, timestamp varchar(255))`.execute(db);
    for (const name of ['0001-first-tables', '0002-warnings-and-chain', '0003-shared-database']) {
      await sql`insert into tollgate_migration values (${name}, '2030-01-01T00:00:00.000Z')`.execute(db);
    }
    await database.close();
    const store = await openStore({ ...options, pbx: 'old' });
    expect(await store.modeState()).toMatchObject({ mode: 'watch', trial: { mode: 'guard', until: new Date(5) } });
    expect(await store.dueLetters(NOW, 9)).toHaveLength(1);
    expect(await store.dropOpening()).toMatchObject([{ id: 1, pbx: 'old' }]);
    await store.close();
  });
}

describe('upgrading SQLite', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tollgate-upgrade-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const place = () => Promise.resolve({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock } as const);
  upgrade(place);

  it('a host that gets another name keeps its mode', async () => {
    const store = await openStore({ ...(await place()), pbx: 'new' });
    expect(await store.modeState()).toMatchObject({ mode: 'watch' });
    await store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
    expect(await store.modeState()).toMatchObject({ mode: 'guard' });
    await store.close();
  });
});

describeAsRoot('upgrading MariaDB', () => {
  let server: RunningMariadb;
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
  });
  afterAll(() => server.close());
  const place = () =>
    Promise.resolve({
      kind: 'mariadb' as const,
      url: `mysql://root@localhost/tollgate?socket=${server.socketPath}`,
      clock,
    });
  upgrade(place);

  it('is given longer than any question', async () => {
    const url = `mysql://root@localhost/patient?socket=${server.socketPath}`;
    await server.sql('CREATE DATABASE patient');
    const old = await openDatabase({ ...(await place()), url });
    await firstTables(old.tables).up(old.db as Kysely<unknown>);
    await sql`create table tollgate_migration (name varchar(255) primary key, timestamp varchar(255))`.execute(old.db);
    await sql`insert into tollgate_migration values ('0001-first-tables', '2030-01-01T00:00:00.000Z')`.execute(old.db);
    const opened = await old.db.connection().execute(async (busy) => {
      await sql`lock tables entries write`.execute(busy);
      const opening = openStore({ ...(await place()), url, deadlineMs: 500 });
      await clock.sleep(1500, new AbortController().signal);
      await sql`unlock tables`.execute(busy);
      return opening;
    });
    expect(await opened.modeState()).toMatchObject({ mode: undefined });
    await opened.close();
    await old.close();
  });

  it('a PBX that joins it has no mode yet, and no letters to send', async () => {
    const store = await openStore({ ...(await place()), pbx: 'another' });
    expect(await store.modeState()).toMatchObject({ mode: undefined });
    expect(await store.dueLetters(NOW, 9)).toEqual([]);
    await store.close();
  });
});
