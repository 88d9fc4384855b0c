/** A real MariaDB in trouble: every wait ends, nothing is half written, and afterwards all works again. */
import { createServer } from 'node:net';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createConnection, type Connection } from 'mysql2/promise';
import { clock } from '../../src/clock';
import type { NewEntry } from '../../src/domain/entry';
import { covering, parseNetwork, type Network } from '../../src/domain/network';
import type { Records, Store } from '../../src/domain/store';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { dueRows, entriesOf, entriesOn } from '../../src/store/entries';
import { openMariadb } from '../../src/store/mariadb';
import { openStore } from '../../src/store/open';
import type { Session } from '../../src/store/session';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const NOW = new Date('2030-06-01T12:00:00Z');
const [network, v6] = ['192.0.2.1', '2001:db8::1'].map(parseNetwork) as [Network, Network];
const LINE = { action: 'allow', by: 'root', what: 'x', from: undefined, why: 'x', entry: undefined } as const;
const ENTRY: NewEntry = {
  ...{ kind: 'allow', what: '192.0.2.1', network, services: ['phone'], account: '12', by: 'root', since: NOW },
  ...{ until: 'forever', name: undefined, note: undefined, state: 'open' },
};
const ALONE = { pbx: 'a', shared: true, changed: () => undefined };
const DEADLINE_MS = 1500;
/** Getting a connection, one statement and its lock waits, each tried again, with room for a busy machine. */
const BOUND_MS = 15_000;
const saying = (text: RegExp, code = 'STORE_FAILED') => ({ code, message: expect.stringMatching(text) as string });

describeAsRoot('on a real MariaDB', () => {
  let server: RunningMariadb;
  let folder: string;
  let socket: string;
  let database: string;
  let databases = 0;
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
    folder = mkdtempSync(join(tmpdir(), 'tollgate-mariadb-'));
    socket = join(folder, 'sock');
    link();
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    database = `tollgate_${++databases}`;
    await server.sql(`CREATE DATABASE ${database}`);
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  function link(): void {
    rmSync(socket, { force: true });
    symlinkSync(server.socketPath, socket);
  }
  const urlOf = (user: string) => `mysql://${user}@localhost/${database}?socket=${socket}`;
  async function open(user = 'root'): Promise<Store> {
    const store = await openStore({ kind: 'mariadb', url: urlOf(user), clock, ...BOUNDS });
    stores.push(store);
    return store;
  }
  const BOUNDS = { deadlineMs: DEADLINE_MS, lockWaitSeconds: 1 };
  const write = (store: Pick<Store, 'addJournal'>) => store.addJournal({ ...LINE, before: undefined }, NOW);
  const lines = async (store: Store) => (await store.journalAfter(0, 1e6)).length;
  const admin = () => createConnection({ user: 'root', socketPath: socket, database });
  /** Fails when it does not end in time. */
  async function bounded<T>(work: Promise<T>): Promise<T> {
    const late = new AbortController();
    const tooLate = clock.sleep(BOUND_MS, late.signal).then(() => Promise.reject(new Error('it did not end in time')));
    tooLate.catch(() => undefined);
    return Promise.race([work, tooLate]).finally(() => late.abort());
  }

  describe('the password', () => {
    const password = 'p@ss:w/ö#%\'"\\';
    beforeEach(async () => {
      await server.sql(`CREATE OR REPLACE USER 'tg'@'localhost' IDENTIFIED BY 'p@ss:w/ö#%\\'\\"\\\\'`);
      await server.sql(`GRANT ALL ON ${database}.* TO 'tg'@'localhost'`);
    });
    it('may hold any character, as it is or in %-form', async () => {
      await write(await open(`tg:${password}`));
      expect(await lines(await open(`tg:${encodeURIComponent(password)}`))).toBe(1);
    });
    it('that is wrong is told, and never shown', async () => {
      const failed = await open('tg:Secret99').catch((error: unknown) => error);
      expect(failed).toMatchObject(saying(/"tollgate_\d+" of "tg" at .*Access denied[^]*→ is the user or password/));
      expect(JSON.stringify(failed) + String((failed as Error).stack)).not.toContain('Secret99');
    });
    it('is right but the user has no rights there', async () => {
      await server.sql(`REVOKE ALL ON ${database}.* FROM 'tg'@'localhost'`);
      await expect(open(`tg:${password}`)).rejects.toMatchObject(saying(/Access denied[^]*GRANT ALL/));
    });
  });

  describe('opening says why it cannot', () => {
    it('when the database does not exist', async () => {
      await server.sql(`DROP DATABASE ${database}`);
      await expect(open()).rejects.toMatchObject(saying(/Unknown database[^]*→ make it: CREATE DATABASE/));
    });
    it('when no server is there', async () => {
      const url = `mysql://root@localhost/x?socket=${folder}/absent`;
      await expect(openStore({ kind: 'mariadb', url, clock })).rejects.toMatchObject(
        saying(/ENOENT[^]*→ is the database server running/),
      );
    });
    it('when the server says nothing at all', async () => {
      const silent = createServer().listen(join(folder, 'silent'));
      await once(silent, 'listening');
      const url = `mysql://root@localhost/x?socket=${folder}/silent`;
      const opening = openStore({ kind: 'mariadb', url, clock, ...BOUNDS });
      await expect(bounded(opening)).rejects.toMatchObject(saying(/no connection within 1500 ms|ETIMEDOUT[^]*running/));
      silent.close();
    });
    it('when it is another program’s database', async () => {
      await server.sql(`CREATE TABLE ${database}.devices (id int)`);
      await expect(open()).rejects.toMatchObject(saying(/belongs to something else: it holds "devices"/));
    });
    it('when a newer program has written it', async () => {
      await open();
      await server.sql(`INSERT INTO ${database}.tollgate_migration VALUES ('0099-future', '2040-01-01T00:00:00.000Z')`);
      await expect(open()).rejects.toMatchObject(saying(/newer Tollgate/, 'STORE_NEWER'));
    });
  });

  it('a migration that was cut off is completed', async () => {
    await open();
    await server.sql(`DELETE FROM ${database}.tollgate_migration; DROP TABLE ${database}.modes, ${database}.letters`);
    const again = await open();
    expect(await again.modeState()).toMatchObject({ mode: undefined });
    await write(again);
  });

  it('a killed connection fails its transaction, and leaves nothing of it', async () => {
    const store = await open();
    const work = store.transaction(async (records) => {
      await write(records);
      await killAll();
      await write(records);
    });
    await expect(bounded(work)).rejects.toMatchObject(saying(/connection|closed state|killed/i));
    expect(await lines(store)).toBe(0);
    await store.transaction(write);
    expect(await lines(store)).toBe(1);
  });

  async function killAll(): Promise<void> {
    const connection = await admin();
    const mine = connection.threadId;
    const [rows] = await connection.query('SELECT id FROM information_schema.processlist WHERE db = ?', [database]);
    for (const { id } of rows as { id: number }[]) if (id !== mine) await connection.query(`KILL CONNECTION ${id}`);
    await connection.end();
  }

  it('a server that is stopped fails everything at once, and a restart heals it', async () => {
    const store = await open();
    await write(store);
    await server.stop();
    await expect(bounded(write(store))).rejects.toMatchObject(saying(/→ /));
    await expect(bounded(store.transaction(write))).rejects.toMatchObject(saying(/→ is the database server running/));
    await server.start();
    link();
    await until(
      () =>
        write(store).then(
          () => true,
          () => false,
        ),
      'a write after the restart',
    );
    expect(await lines(store)).toBe(2);
  });

  it('a disk that is full is told, nothing is half written, and with room again all works', async () => {
    const small = await startMariadb(await tree(MARIADB, { progress: () => undefined }), 240);
    const url = `mysql://root@localhost/tollgate?socket=${small.socketPath}`;
    const store = await openStore({ kind: 'mariadb', url, clock, ...BOUNDS });
    const note = 'x'.repeat(200);
    const much = (records: Records) => records.addEntry({ ...ENTRY, note }).then(() => write(records));
    try {
      await store.transaction(much);
      await small.fill(true);
      let written = 1;
      const failed = await (async () => {
        for (; written < 20_000; written++) await store.transaction(much);
        return undefined;
      })().catch((error: unknown) => error);
      expect(failed).toMatchObject(saying(/→ the disk is full: make room/));
      await small.fill(false);
      expect([await lines(store), (await store.recentEntries(NOW, 1e6)).length]).toEqual([written, written]);
      await store.transaction(much);
      expect(await lines(store)).toBe(written + 1);
    } finally {
      await store.close();
      await small.close();
    }
  }, 90_000);

  it('a server that stands still fails everything in time, and heals', async () => {
    const store = await open();
    await write(store);
    await server.freeze(true);
    try {
      await expect(bounded(write(store))).rejects.toMatchObject(saying(/no answer within 2000 ms/));
      await expect(bounded(store.transaction(write))).rejects.toMatchObject(
        saying(/no connection within|no answer|ETIMEDOUT/),
      );
    } finally {
      await server.freeze(false);
    }
    await until(
      () =>
        store.transaction(write).then(
          () => true,
          () => false,
        ),
      'a write after it went on',
    );
  });

  it('more work than there are connections waits, and in vain not for ever', async () => {
    const store = await open();
    await store.saveTries({ subject: 'a', failures: 1, locks: 0, lockedUntil: undefined }, NOW);
    const other = await admin();
    await other.query('LOCK TABLES tries WRITE');
    const tries = { subject: 'a', failures: 2, locks: 0, lockedUntil: undefined };
    const writes = Array.from({ length: 9 }, () => store.saveTries(tries, NOW).then(() => 'written', String));
    const said = await bounded(Promise.all(writes));
    expect(said.filter((text) => /too slow|no connection within/.test(text))).toHaveLength(9);
    await other.query('UNLOCK TABLES');
    await other.end();
    await store.saveTries(tries, NOW);
    expect((await store.tries('a')).failures).toBe(2);
  });

  describe('a row that another transaction holds', () => {
    let other: Connection;
    let store: Store;
    const tries = { subject: 'account 12', failures: 1, locks: 0, lockedUntil: undefined };
    const addOne = () =>
      store.transaction(async (records) => {
        await write(records);
        const seen = await records.tries('account 12');
        await records.saveTries({ ...seen, failures: seen.failures + 1 }, NOW);
      });
    beforeEach(async () => {
      store = await open();
      await store.saveTries(tries, NOW);
      other = await admin();
      await other.query('BEGIN');
      await other.query("UPDATE tries SET failures = 5 WHERE subject = 'account 12'");
    });
    afterEach(() => other.end());

    it('is waited for, and read as it is then', async () => {
      const adding = addOne();
      await until(async () => /account 12/.test(await server.sql('SHOW FULL PROCESSLIST')), 'the wait');
      await other.query('COMMIT');
      await bounded(adding);
      expect((await store.tries('account 12')).failures).toBe(6);
    });
    it('for too long ends the wait, and nothing is half written', async () => {
      await expect(bounded(addOne())).rejects.toMatchObject(saying(/Lock wait timeout[^]*nothing was changed/));
      await other.query('ROLLBACK');
      expect(await lines(store)).toBe(0);
      await addOne();
      expect((await store.tries('account 12')).failures).toBe(2);
    });
  });

  it('of two transactions in each other’s way one is run again, and both are done', async () => {
    const [one, two] = [await open(), await open()];
    let holding = 0;
    let runs = 0;
    const work = (first: string, second: string) => async (records: Records) => {
      runs++;
      await addTo(records, first);
      holding++;
      await until(() => holding >= 2, 'the other one’s first lock');
      await addTo(records, second);
    };
    await bounded(Promise.all([one.transaction(work('a', 'b')), two.transaction(work('b', 'a'))]));
    expect(runs).toBe(3);
    expect([(await one.tries('a')).failures, (await one.tries('b')).failures]).toEqual([2, 2]);
  });

  async function addTo(records: Records, subject: string): Promise<void> {
    const tries = await records.tries(subject);
    await records.saveTries({ ...tries, failures: tries.failures + 1 }, NOW);
  }

  it('foreign text stays text, also where the server knows no backslash escapes', async () => {
    await server.sql("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
    const store = await open();
    const note = "x\\' OR 1=1 -- ";
    const { id } = await store.addEntry({ ...ENTRY, note });
    expect((await store.entry(id))?.note).toBe(note);
    await server.sql('SET GLOBAL sql_mode = DEFAULT');
  });

  it('what is too long for its column is refused, never cut', async () => {
    const store = await open();
    const subject = 'x'.repeat(500);
    await expect(store.addFailure(subject, NOW)).rejects.toMatchObject(saying(/Data too long/));
  });

  it('100,000 entries cost a look-up nothing: it is answered from an index', async () => {
    await open();
    await server.sql(`USE ${database}; INSERT INTO entries (kind, what, network, services, account, opened_by, since, until, state)
      SELECT 'allow', 'x', CONCAT('10.', seq % 250, '.', FLOOR(seq / 250) % 250, '.1'), '["phone"]', seq % 500, 'root', seq, seq + 1,
             IF(seq % 1000, 'ended', 'open') FROM seq_1_to_100000; ANALYZE TABLE entries`);
    const opened = await openMariadb({ kind: 'mariadb', url: urlOf('root'), clock });
    const session: Session = { db: opened.db, locksRows: false, ...ALONE, atomically: (work) => work(session) };
    const keyOf = async (query: ReturnType<typeof dueRows>) => {
      const { sql, parameters } = query.compile();
      const connection = await admin();
      const [rows] = await connection.query(`EXPLAIN ${sql}`, [...parameters]);
      await connection.end();
      const [{ key, rows: estimate }] = rows as [{ key: string; rows: number }];
      return { key, few: estimate < 1000 };
    };
    expect(await keyOf(entriesOn(session, [network], NOW))).toEqual({ key: 'entries_network_state', few: true });
    expect(await keyOf(entriesOn(session, covering(v6), NOW))).toMatchObject({ few: true });
    expect(await keyOf(entriesOf(session, '12', NOW))).toMatchObject({ few: true });
    expect(await keyOf(dueRows(session, NOW))).toEqual({ key: 'entries_state_until', few: true });
    await opened.close();
  });
});
