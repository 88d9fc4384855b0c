/** A country check as it was: a PHP script for each call, which asks two tables of a MariaDB. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createConnection } from 'mysql2/promise';
import { makeHost } from '../../src/lab/host';
import { startMariadb } from '../../src/lab/mariadb';
import { inTree } from '../../src/lab/room';
import { BENCH, MARIADB, tree } from '../../src/lab/trees';

export interface Php {
  /** The milliseconds of so many calls from this address, one after another; throws when one is judged otherwise. */
  calls(count: number, from: string, stranger: boolean): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** About as many as the United States have, and what admins deny. */
const PERMITTED = 60_000;
const DENIED = 1_000;
const FIRST_PERMITTED = 20 << 24;
const FIRST_DENIED = 100 << 24;
const ROWS_AT_ONCE = 5_000;
const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** 20.0.0.0 to 20.234.95.127 are permitted, but for the second half of each /24. */
export async function startPhp(): Promise<Php> {
  const server = await startMariadb(await tree(MARIADB, { progress }));
  const database = await createConnection({ user: 'root', socketPath: server.socketPath, database: 'tollgate' });
  for (const [name, count, from] of [
    ['permit', PERMITTED, FIRST_PERMITTED],
    ['deny', DENIED, FIRST_DENIED],
  ] as const) {
    await database.query(`CREATE TABLE ${name} (first INT UNSIGNED PRIMARY KEY, last INT UNSIGNED, country CHAR(2))`);
    const rows = Array.from({ length: count }, (_, i) => [from + i * 256, from + i * 256 + 127, 'US']);
    for (let at = 0; at < count; at += ROWS_AT_ONCE) {
      await database.query(`INSERT INTO ${name} VALUES ?`, [rows.slice(at, at + ROWS_AT_ONCE)]);
    }
  }
  await database.end();

  const host = await makeHost('php');
  const room = await inTree(host, await tree(BENCH, { progress }));
  for (const name of ['agi-caller.py', 'stranger.php']) {
    await room.write(`/opt/${name}`, await readFile(join(__dirname, name), 'utf8'));
  }
  const script = ['php', '-d', `mysqli.default_socket=${server.socketPath}`, '/opt/stranger.php'];
  const caller = room.spawn('python3', ['/opt/agi-caller.py', ...script], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (caller.stdin === null || caller.stdout === null) throw new Error('a child without pipes');
  const [asked, answers] = [caller.stdin, createInterface(caller.stdout)];
  return {
    async calls(count, from, stranger) {
      asked.write(`${count} ${from}\n`);
      const [line] = (await once(answers, 'line')) as [string];
      const [judged, taken] = JSON.parse(line) as [string | null, number[]];
      if (judged !== String(stranger)) throw new Error(`PHP says "${judged ?? ''}" of ${from}`);
      return taken;
    },
    async close() {
      asked.end();
      room.close();
      host.close();
      await server.close();
    },
  };
}
