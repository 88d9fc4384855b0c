/** A real MariaDB as a store: who may open it, what may be in it, and how it is asked. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { clock } from '../../src/clock';
import { covering } from '../../src/domain/network';
import { dueRows, entriesOf, entriesOn } from '../../src/store/entries';
import { openMariadb } from '../../src/store/mariadb';
import { openStore } from '../../src/store/open';
import type { Session } from '../../src/store/session';
import { describeAsRoot } from '../support/as-root';
import {
  BOUNDS,
  bounded,
  ENTRY,
  lines,
  mariadbStores,
  network,
  NOW,
  saying,
  v6,
  write,
} from '../support/mariadb-stores';

const ALONE = { pbx: 'a', shared: true, words: new Map(), changed: () => undefined };

describeAsRoot('on a real MariaDB', () => {
  const real = mariadbStores();
  const { open, admin, urlOf } = real;

  describe('the password', () => {
    const password = 'p@ss:w/ö#%\'"\\';
    beforeEach(async () => {
      await real.server.sql(`CREATE OR REPLACE USER 'tg'@'localhost' IDENTIFIED BY 'p@ss:w/ö#%\\'\\"\\\\'`);
      await real.server.sql(`GRANT ALL ON ${real.database}.* TO 'tg'@'localhost'`);
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
      await real.server.sql(`REVOKE ALL ON ${real.database}.* FROM 'tg'@'localhost'`);
      await expect(open(`tg:${password}`)).rejects.toMatchObject(saying(/Access denied[^]*GRANT ALL/));
    });
  });

  describe('opening says why it cannot', () => {
    it('when the database does not exist', async () => {
      await real.server.sql(`DROP DATABASE ${real.database}`);
      await expect(open()).rejects.toMatchObject(saying(/Unknown database[^]*→ make it: CREATE DATABASE/));
    });
    it('when no server is there', async () => {
      const url = `mysql://root@localhost/x?socket=${real.folder}/absent`;
      await expect(openStore({ kind: 'mariadb', url, clock })).rejects.toMatchObject(
        saying(/ENOENT[^]*→ is the database server running/),
      );
    });
    it('when the server says nothing at all', async () => {
      const silent = createServer().listen(join(real.folder, 'silent'));
      await once(silent, 'listening');
      const url = `mysql://root@localhost/x?socket=${real.folder}/silent`;
      const opening = openStore({ kind: 'mariadb', url, ...BOUNDS });
      await expect(bounded(opening)).rejects.toMatchObject(saying(/no connection within 1500 ms|ETIMEDOUT[^]*running/));
      silent.close();
    });
    it('when it is another program’s database', async () => {
      await real.server.sql(`CREATE TABLE ${real.database}.devices (id int)`);
      await expect(open()).rejects.toMatchObject(saying(/belongs to something else: it holds "devices"/));
    });
    it('when a newer program has written it', async () => {
      await open();
      await real.server.sql(
        `INSERT INTO ${real.database}.tollgate_migration VALUES ('0099-future', '2040-01-01T00:00:00.000Z')`,
      );
      await expect(open()).rejects.toMatchObject(saying(/newer Tollgate/, 'STORE_NEWER'));
    });
  });

  it('a migration that was cut off is completed', async () => {
    await open();
    await real.server.sql(
      `DELETE FROM ${real.database}.tollgate_migration; DROP TABLE ${real.database}.modes, ${real.database}.letters`,
    );
    const again = await open();
    expect(await again.modeState()).toMatchObject({ mode: undefined });
    await write(again);
  });

  it('foreign text stays text, also where the server knows no backslash escapes', async () => {
    await real.server.sql("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
    const store = await open();
    const note = "x\\' OR 1=1 -- ";
    const { id } = await store.addEntry({ ...ENTRY, note });
    expect((await store.entry(id))?.note).toBe(note);
    await real.server.sql('SET GLOBAL sql_mode = DEFAULT');
  });

  it('what is too long for its column is refused, never cut', async () => {
    const store = await open();
    const subject = 'x'.repeat(500);
    await expect(store.addFailure(subject, NOW)).rejects.toMatchObject(saying(/Data too long/));
  });

  it('100,000 entries cost a look-up nothing: it is answered from an index', async () => {
    await open();
    await real.server
      .sql(`USE ${real.database}; INSERT INTO entries (kind, what, network, services, account, opened_by, since, until, state)
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
    expect(await keyOf(entriesOn(session, [network], NOW.getTime()))).toEqual({
      key: 'entries_network_state',
      few: true,
    });
    expect(await keyOf(entriesOn(session, covering(v6), NOW.getTime()))).toMatchObject({ few: true });
    expect(await keyOf(entriesOf(session, '12', NOW))).toMatchObject({ few: true });
    expect(await keyOf(dueRows(session, NOW))).toEqual({ key: 'entries_state_until', few: true });
    await opened.close();
  });
});
