/** The rows of a FreePBX, in a real MariaDB: what is read from them, and that nothing is written. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { clock } from '../../src/clock';
import { farEndsOf } from '../../src/domain/far-ends';
import { KEYWORDS, mentionsIn } from '../../src/domain/freepbx-rows';
import type { Exchange, ExchangeTables } from '../../src/domain/exchange';
import type { DatabaseAddress } from '../../src/freepbx/address';
import { openExchange } from '../../src/freepbx/exchange';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';

const SQL = join(__dirname, '../freepbx');
const DEADLINE_MS = 1500;
const saying = (text: RegExp) => ({ code: 'EXCHANGE_FAILED', message: expect.stringMatching(text) as string });

describeAsRoot('FreePBX in a real MariaDB', () => {
  let server: RunningMariadb;
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
    for (const version of [16, 17]) {
      await server.sql(`CREATE DATABASE freepbx${version}; USE freepbx${version};
        ${readFileSync(join(SQL, `freepbx-${version}.sql`), 'utf8')}`);
    }
    await server.sql(
      `CREATE USER reader IDENTIFIED BY 'r'; GRANT SELECT ON freepbx16.* TO reader; GRANT SELECT ON freepbx17.* TO reader`,
    );
  });
  afterAll(() => server.close());

  const at = (database: string, more: Partial<DatabaseAddress> = {}): DatabaseAddress => ({
    ...{
      user: 'reader',
      password: 'r',
      database,
      host: 'localhost',
      port: 3306,
      socketPath: server.socketPath,
      ...more,
    },
  });
  const exchange = (address: DatabaseAddress): Exchange =>
    openExchange({ address: () => Promise.resolve(address), keywords: KEYWORDS, clock, deadlineMs: DEADLINE_MS });
  async function letIn(version: 16 | 17) {
    const { mentions, leftOut } = mentionsIn(await tablesOf(exchange(at(`freepbx${version}`))));
    const ends = farEndsOf(mentions);
    return {
      found: ends.found.map(({ what, services, reasons }) => `${what} ${services.join('+')} ${reasons.join('; ')}`),
      leftOut: [...ends.leftOut, ...leftOut].map(({ of, why }) => `${of} ${why}`),
    };
  }

  it('of version 16 tells every address of every technology, and none of a disabled trunk', async () => {
    const odd = `trunk 7 "x'; DROP TABLE trunks; -- "\n\u001b[2J"`;
    const { found, leftOut } = await letIn(16);
    expect(found.sort()).toEqual(
      [
        '192.0.2.0/28 rtp+sip trunk 1 "north": match',
        '192.0.2.99 rtp+sip trunk 1 "north": match',
        '2001:db8:1::/48 rtp+sip trunk 1 "north": match',
        'sip.north.example rtp+sip trunk 1 "north": server_uri, sip_server',
        'login.north.example rtp+sip trunk 1 "north": client_uri',
        'edge.north.example rtp+sip trunk 1 "north": aor_contact',
        'proxy.north.example rtp+sip trunk 1 "north": outbound_proxy',
        'sip.carrier.example rtp+sip trunk 2 "carrier": host',
        '198.51.100.0/24 rtp+sip trunk 2 "carrier": permit',
        '203.0.113.7 rtp+sip trunk 2 "carrier": permit',
        'proxy.carrier.example rtp+sip trunk 2 "carrier": outboundproxy',
        'reg.carrier.example rtp+sip trunk 2 "carrier": register',
        '2001:db8:3::1 iax trunk 3 "IAX branch": host',
        'iax.branch.example iax trunk 3 "IAX branch": register',
        `192.0.2.70 rtp+sip ${odd}: match`,
        `192.0.2.71 rtp+sip ${odd}: match`,
        `sip.odd.example rtp+sip ${odd}: match`,
        `2001:db8:7::5 rtp+sip ${odd}: server_uri, sip_server`,
        '192.0.2.90 rtp+sip trunk 9 "ancient": host',
        '192.0.2.91 rtp+sip trunk 9 "ancient": register',
        '192.0.2.110 rtp+sip trunk 10: sip_server',
        '198.51.100.128/25 rtp+sip extension 202 "Office of the branch": permit',
        '192.0.2.33 rtp+sip extension 203 "Home": match',
        'home.example.net rtp+sip extension 203 "Home": match',
        'sbc.example.net rtp+sip extension 203 "Home": outbound_proxy',
        '192.0.2.31 iax extension 301 "Old phone": permit',
      ].sort(),
    );
    expect(leftOut.sort()).toEqual(
      [
        `${odd} client_uri holds no address or full name`,
        'trunk 2 "carrier" registers here, from an address that it does not tell',
        'trunk 5 "subsidiary" registers here, from an address that it does not tell',
        'trunk 6 "gateway" is a custom trunk, of which no address is known',
      ].sort(),
    );
  });

  it('of version 17 has no chan_sip, and needs no table for it', async () => {
    expect(await letIn(17)).toEqual({
      found: [
        'sip.north.example rtp+sip trunk 1 "north": sip_server',
        '203.0.113.3 iax trunk 3 "branch": host, register',
        '2001:db8:101::/64 rtp+sip extension 101 "Ann": match',
      ],
      leftOut: [],
    });
  });

  it('gives away no password but what stands in an address itself, and its user need not be able to write', async () => {
    const { settings } = await tablesOf(exchange(at('freepbx16')));
    expect(settings.map(({ keyword }) => keyword)).not.toContain('secret');
    await server.sql("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 'ON'");
    await exchange(at('freepbx16')).read();
    await server.sql("SET GLOBAL general_log = 'OFF'");
    const sent = await server.sql(
      "SELECT argument FROM mysql.general_log WHERE user_host LIKE 'reader%' AND command_type = 'Query'",
    );
    const statements = sent.trim().split('\n').slice(1);
    expect(
      statements.filter((each) => !/^(SELECT|SET SESSION|START TRANSACTION READ ONLY|COMMIT)\b/.test(each)),
    ).toEqual([]);
    expect(statements).toContain('START TRANSACTION READ ONLY');
  });

  describe('that cannot be read says why', () => {
    it.each<[string, () => DatabaseAddress, RegExp]>([
      [
        'a wrong password',
        () => at('freepbx16', { password: 'hunter2' }),
        /Access denied[^]*→ is the user or password right/,
      ],
      ['no such database', () => at('asterisk'), /Access denied[^]*→ let this user SELECT/],
      [
        'no server',
        () => at('freepbx16', { socketPath: '/nowhere' }),
        /E(NOENT|CONNREFUSED)[^]*→ is the database server running/,
      ],
      [
        'a database of something else',
        () => at('tollgate', { user: 'root', password: '' }),
        /has no trunks\.trunkid[^]*→ is it the database of a FreePBX/,
      ],
    ])('%s', async (_, address, why) => {
      const failed: unknown = await exchange(address())
        .read()
        .catch((error: unknown) => error);
      expect(failed).toMatchObject(saying(why));
      expect(`${String((failed as Error).stack)} ${JSON.stringify(failed)}`).not.toContain('hunter2');
    });

    it('a table that this user may not read', async () => {
      await server.sql(
        'CREATE USER half; GRANT SELECT ON freepbx16.trunks TO half; GRANT SELECT ON freepbx16.devices TO half',
      );
      await expect(exchange(at('freepbx16', { user: 'half', password: '' })).read()).rejects.toMatchObject(
        saying(/has no pjsip\.id[^]*may not read it/),
      );
    });

    it('a server that says nothing, and one that stands still, in time', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tollgate-freepbx-'));
      const silent = createServer().listen(join(folder, 'sock'));
      const began = performance.now();
      await expect(exchange(at('freepbx16', { socketPath: join(folder, 'sock') })).read()).rejects.toMatchObject(
        saying(/ETIMEDOUT|no answer within 1500 ms/),
      );
      await server.freeze(true);
      await expect(exchange(at('freepbx16')).read())
        .rejects.toMatchObject(saying(/ETIMEDOUT|no answer within 1500 ms/))
        .finally(() => server.freeze(false));
      expect(performance.now() - began).toBeLessThan(10_000);
      silent.close();
      rmSync(folder, { recursive: true });
      await exchange(at('freepbx16')).read();
    });
  });
});

async function tablesOf(exchange: Exchange): Promise<ExchangeTables> {
  const tables = await exchange.read();
  if (!tables) throw new Error('there is no FreePBX');
  return tables;
}
