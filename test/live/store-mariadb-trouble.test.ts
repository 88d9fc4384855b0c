/** A real MariaDB in trouble: every wait ends, nothing is half written, and afterwards all works again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { Records, Store } from '../../src/domain/store';
import { openStore } from '../../src/store/open';
import { describeAsRoot } from '../support/as-root';
import { BOUNDS, bounded, ENTRY, lines, mariadb, mariadbStores, NOW, saying, write } from '../support/mariadb-stores';
import { until } from '../support/until';

describeAsRoot('on a real MariaDB', () => {
  const real = mariadbStores();
  const { open, admin, link } = real;

  it.each([
    ['before its end was seen', 0],
    ['after its end was seen', 200],
  ])('a killed connection, asked %s, fails its transaction, and leaves nothing of it', async (_, ms) => {
    const store = await open();
    const work = store.transaction(async (records) => {
      await write(records);
      await killAll();
      await sleep(ms);
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
    const [rows] = await connection.query('SELECT id FROM information_schema.processlist WHERE db = ?', [
      real.database,
    ]);
    for (const { id } of rows as { id: number }[]) if (id !== mine) await connection.query(`KILL CONNECTION ${id}`);
    await connection.end();
  }

  it('a server that is stopped fails everything at once, and a restart heals it', async () => {
    const store = await open();
    await write(store);
    await real.server.stop();
    await expect(bounded(write(store))).rejects.toMatchObject(saying(/→ /));
    await expect(bounded(store.transaction(write))).rejects.toMatchObject(saying(/→ is the database server running/));
    await real.server.start();
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
    const small = await mariadb(240);
    const url = `mysql://root@localhost/tollgate?socket=${small.socketPath}`;
    const store = await openStore({ kind: 'mariadb', url, ...BOUNDS });
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
    await real.server.freeze(true);
    try {
      await expect(bounded(write(store))).rejects.toMatchObject(saying(/no answer within 2000 ms/));
      await expect(bounded(store.transaction(write))).rejects.toMatchObject(
        saying(/no connection within|no answer|ETIMEDOUT/),
      );
    } finally {
      await real.server.freeze(false);
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
      await until(async () => /account 12/.test(await real.server.sql('SHOW FULL PROCESSLIST')), 'the wait');
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
});
