/** A whole store from SQLite into a real MariaDB and back: the same rows under the same numbers, or nothing. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { clock } from '../../src/clock';
import type { NewEntry } from '../../src/domain/entry';
import { parseNetwork, type Network } from '../../src/domain/network';
import type { Store } from '../../src/domain/store';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { moveStore } from '../../src/store/move';
import { openDatabase, openStore, type StoreOptions } from '../../src/store/open';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const NOW = new Date('2030-06-01T12:00:00.123Z');
const STRANGE = `Zoë "Q" O'Hara; -- \\ % _ 日本 🎧 \t\r\n\u0001`;
const [network] = ['2001:db8::/64'].map(parseNetwork) as [Network];
const ENTRY: NewEntry = {
  ...{ kind: 'allow', what: STRANGE, network, services: ['phone', STRANGE], account: '012', by: STRANGE, since: NOW },
  ...{ until: 'forever', name: STRANGE, note: STRANGE, state: 'open' },
};
const LINE = { action: 'allow', by: STRANGE, what: STRANGE, from: STRANGE, why: STRANGE, before: STRANGE } as const;
const PLACES = [
  ['SQLite', 'MariaDB'],
  ['MariaDB', 'SQLite'],
  ['SQLite', 'SQLite'],
  ['MariaDB', 'MariaDB'],
] as const;

describeAsRoot('moving a store', () => {
  let server: RunningMariadb;
  let folder: string;
  let made = 0;
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
    folder = mkdtempSync(join(tmpdir(), 'tollgate-move-'));
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function place(kind: 'SQLite' | 'MariaDB'): Promise<StoreOptions> {
    const name = `tollgate_${++made}`;
    if (kind === 'SQLite') return { kind: 'sqlite', file: join(folder, `${name}.db`), clock };
    await server.sql(`CREATE DATABASE ${name} CHARACTER SET latin1`);
    return { kind: 'mariadb', url: `mysql://root@localhost/${name}?socket=${server.socketPath}`, clock };
  }

  /** Opens, works and closes. */
  async function on<T>(options: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore(options);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** Something in every table, with holes in the numbers and more than one page of some. */
  async function fill(store: Store): Promise<void> {
    await store.transaction(async (records) => {
      for (let i = 0; i < 250; i++) {
        const { id } = await records.addEntry({ ...ENTRY, state: i % 2 ? 'open' : 'ended', until: new Date(i) });
        await records.addJournal({ ...LINE, entry: id }, new Date(NOW.getTime() + i));
      }
      const account = { number: '012', name: STRANGE, email: 'a@example.org', pinHash: 'scrypt$1$a$b', services: [] };
      const more = { extensions: ['200'], callers: [], maxOpen: 2, leaseSeconds: 9, disabledAt: undefined };
      await records.saveAccount({ ...account, ...more, createdAt: NOW });
      await records.saveAccount({ ...account, ...more, number: '12', pinHash: undefined, createdAt: NOW });
      await records.saveTries({ subject: STRANGE, failures: 3, locks: 1, lockedUntil: NOW }, NOW);
      await records.saveTries({ subject: `${STRANGE}a`, failures: 0, locks: 0, lockedUntil: undefined }, NOW);
      for (let i = 0; i < 3; i++) await records.addFailure(STRANGE, NOW);
      await records.takeBackFailure(STRANGE, NOW);
      const to = { name: STRANGE, address: 'a@example.org' };
      for (let i = 0; i < 3; i++) {
        const letter = { to, subject: STRANGE, text: STRANGE, html: STRANGE.repeat(30_000) };
        await records.queueLetter(letter, `<${i}@example.org>`, NOW);
      }
      await records.saveModeState({ mode: 'guard', trial: { mode: 'secure', until: NOW }, listening: undefined });
    });
  }

  /** As people and programs see it. */
  const readAll = async (store: Store) => ({
    accounts: await store.accounts(),
    entries: await store.recentEntries(new Date(0), 1e6),
    live: await store.liveEntriesOn(network, new Date(0)),
    tries: [await store.tries(STRANGE), await store.tries(`${STRANGE}a`)],
    failures: await store.failuresSince(STRANGE, new Date(0)),
    journal: await store.journalAfter(0, 1e6),
    letters: await store.dueLetters(NOW, 100),
    mode: await store.modeState(),
    chain: await store.checkJournal(),
  });

  it.each(PLACES)('from %s to %s brings every row under its own number, and leaves the source', async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    await on(source, fill);
    const before = await on(source, readAll);
    const moved = await moveStore(source, target);
    expect(await on(target, readAll)).toEqual(before);
    expect(await on(source, readAll)).toEqual(before);
    const rows = Object.fromEntries(moved.tables.map((table) => [table.name, table.rows]));
    expect(rows).toMatchObject({
      entries: 250,
      journal: 250,
      accounts: 2,
      tries: 2,
      failures: 2,
      letters: 3,
      modes: 1,
    });
    for (const { sha256 } of moved.tables) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(PLACES)('from %s to %s knows every table that there is', async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    await on(source, () => Promise.resolve());
    const names = (await moveStore(source, target)).tables.map((table) => table.name);
    const database = await openDatabase(target);
    const there = (await database.db.introspection.getTables()).map((table) => table.name);
    await database.close();
    expect(names.sort()).toEqual(there.filter((name) => !name.startsWith('tollgate_migration')).sort());
  });

  it.each(PLACES)('from %s to %s goes on counting behind the highest number', async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    await on(source, fill);
    await moveStore(source, target);
    const [entry, line] = await on(target, async (store) => [
      await store.addEntry(ENTRY),
      await store.addJournal({ ...LINE, entry: undefined }, NOW),
    ]);
    expect([entry.id, line.id]).toEqual([251, 251]);
  });

  it.each(PLACES)('from %s to %s with --dry-run makes nothing, and tells the same figures', async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    await on(source, fill);
    const would = await moveStore(source, target, { dryRun: true });
    if (target.kind === 'sqlite') expect(existsSync(target.file)).toBe(false);
    else expect(await server.sql(`SHOW TABLES FROM tollgate_${made}`)).toBe('');
    expect(would).toEqual(await moveStore(source, target));
  });

  it.each(PLACES)('from %s to %s refuses a target that holds anything, also with --dry-run', async (from, to) => {
    const [source, target] = [await place(from), await place(to)];
    await on(source, fill);
    await on(target, (store) => store.addFailure('caller 1', NOW));
    const before = await on(target, readAll);
    for (const dryRun of [true, false]) {
      await expect(moveStore(source, target, { dryRun })).rejects.toMatchObject({
        code: 'REFUSED',
        what: expect.stringContaining('is not empty: it has rows in "failures"') as string,
      });
    }
    expect(await on(target, readAll)).toEqual(before);
    expect(await on(target, (store) => store.failuresSince('caller 1', NOW))).toBe(1);
  });

  it('refuses to move a store onto itself', async () => {
    const source = await place('SQLite');
    await on(source, fill);
    await expect(moveStore(source, source)).rejects.toMatchObject({ code: 'REFUSED' });
    expect((await on(source, readAll)).journal).toHaveLength(250);
  });

  it.each(['SQLite', 'MariaDB'] as const)('refuses a source on %s that nobody ever used', async (from) => {
    const target = await place('SQLite');
    await expect(moveStore(await place(from), target)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(existsSync((target as { file: string }).file)).toBe(false);
  });

  it('that the target cannot hold leaves nothing in it: no text is cut to fit', async () => {
    const [source, target] = [await place('SQLite'), await place('MariaDB')];
    await on(source, async (store) => {
      await fill(store);
      await store.addJournal({ ...LINE, why: 'x'.repeat(70_000), entry: undefined }, NOW);
    });
    await expect(moveStore(source, target)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      what: expect.stringContaining('Data too long') as string,
    });
    await on(target, async (store) => expect(await store.recentEntries(new Date(0), 10)).toEqual([]));
  });

  const LINES = 500;
  const inFlight = "trx_mysql_thread_id <> CONNECTION_ID() AND trx_state = 'RUNNING'";
  const connect = (options: StoreOptions & { kind: 'mariadb' }) => {
    const database = new URL(options.url).pathname.slice(1);
    return createConnection({ user: 'root', socketPath: server.socketPath, database });
  };
  /** One that has ended by itself before it was killed was not the copy. */
  const killOne = async (which: string) => {
    const admin = await createConnection({ user: 'root', socketPath: server.socketPath });
    await until(async () => {
      const [rows] = await admin.query(
        `SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE ${which}`,
      );
      const [row] = rows as { id: number }[];
      if (!row) return false;
      return admin.query(`KILL CONNECTION ${row.id}`).then(
        () => true,
        () => false,
      );
    }, 'a copy under way');
    await admin.end();
  };

  /** The copy waits at one of its last tables: for a row that somebody else has written and not committed, or to read. */
  const holdLastTable = async (source: StoreOptions, target: StoreOptions) => {
    if (source.kind === 'mariadb') {
      const other = await connect(source);
      await other.query('LOCK TABLES tries WRITE'); // who wants to read it waits
      return () => other.end();
    }
    if (target.kind !== 'mariadb') return () => Promise.resolve();
    await on(target, () => Promise.resolve()); // makes the tables
    const other = await connect(target);
    await other.beginTransaction();
    await other.execute('INSERT INTO tries (subject, failures, locks) VALUES (?, 0, 0)', [STRANGE]);
    return () => other.rollback().then(() => other.end());
  };

  it.each([
    ['SQLite', 'MariaDB', "trx_state = 'LOCK WAIT'"],
    ['MariaDB', 'SQLite', inFlight],
  ] as const)(
    'from %s to %s cut in the middle leaves the target empty, and can be done again',
    async (from, to, cut) => {
      const [source, target] = [await place(from), await place(to)];
      await on(source, async (store) => {
        await fill(store);
        await store.transaction(async (records) => {
          for (let i = 0; i < LINES; i++) await records.addJournal({ ...LINE, entry: i }, NOW);
        });
      });
      const letGo = await holdLastTable(source, target);
      const [moving] = await Promise.allSettled([moveStore(source, target), killOne(cut)]);
      await letGo();
      expect(moving).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } });
      await on(target, async (store) => {
        expect(await store.accounts()).toEqual([]);
        expect(await store.recentEntries(new Date(0), 10)).toEqual([]);
        expect(await store.journalAfter(0, 10)).toEqual([]);
      });
      expect((await moveStore(source, target)).tables).toContainEqual(
        expect.objectContaining({ name: 'journal', rows: 250 + LINES }),
      );
    },
  );

  it('gives root’s file to nobody else', async () => {
    const [source, target] = [await place('MariaDB'), await place('SQLite')];
    await on(source, fill);
    await moveStore(source, target);
    const { file } = target as { file: string };
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
