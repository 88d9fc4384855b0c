/** Reads FreePBX's database: one connection, one read-only transaction, nothing but SELECT, and an end to every wait. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Device, Exchange, ExchangeTables, Setting, Trunk } from '../domain/exchange';
import { AppError } from '../errors';
import type { Clock } from '../ports';
import type { DatabaseAddress } from './address';
import { exchangeFault } from './fault';

export interface ExchangeOptions {
  /** Asked anew for every reading; undefined: there is no FreePBX here. Rejects with EXCHANGE_FAILED or MISUSED. */
  readonly address: (database: string | undefined) => Promise<DatabaseAddress | undefined>;
  /** The settings that are wanted, by keyword. */
  readonly keywords: readonly string[];
  readonly clock: Clock;
  /** Milliseconds for all of it; 10,000 unless told. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
/** Of each table; more than that is no telephone system's. */
const MOST_ROWS = 200_000;

/** The columns that are read, and so must be there; the tables of settings only where something of theirs is in use. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  trunks: ['trunkid', 'name', 'tech', 'disabled'],
  devices: ['id', 'tech', 'description'],
  sip: ['id', 'keyword', 'data'],
  pjsip: ['id', 'keyword', 'data'],
  iax: ['id', 'keyword', 'data'],
};
const SETTINGS: readonly Setting['table'][] = ['pjsip', 'sip', 'iax'];

export function openExchange({ address, keywords, clock, deadlineMs = DEADLINE_MS }: ExchangeOptions): Exchange {
  return {
    async read(database) {
      const at = await address(database);
      if (!at) return undefined;
      const where = nameOf(at);
      const reading = new AbortController();
      const opening = connect(at, deadlineMs);
      const work = opening.then((connection) => readAll(connection, keywords, deadlineMs));
      const tooLong = clock.sleep(deadlineMs, reading.signal).then(() => {
        if (reading.signal.aborted) return new Promise<never>(() => undefined);
        throw new AppError('EXCHANGE_FAILED', `${where}: no answer within ${deadlineMs} ms`, BUSY);
      });
      return Promise.race([work, tooLong])
        .catch((error: unknown) => {
          throw exchangeFault(error, where);
        })
        .finally(() => {
          reading.abort();
          void opening.then((connection) => connection.destroy()).catch(() => undefined); // it never came about
        });
    },
  };
}

const BUSY = 'is the database server running and not overloaded? SHOW PROCESSLIST says; nothing was changed';

async function connect(at: DatabaseAddress, ms: number): Promise<Connection> {
  const { user, password, database, host, port, socketPath } = at;
  const { createConnection } = await import('mysql2/promise'); // 16 MiB, where there is no FreePBX for nothing
  const connection = await createConnection({
    ...{ user, password, database, connectTimeout: ms, charset: 'utf8mb4', supportBigNumbers: true },
    ...(socketPath === undefined ? { host, port } : { socketPath }),
  });
  // What is said after we have left must not end the process.
  connection.on('error', () => undefined);
  return connection;
}

async function readAll(connection: Connection, keywords: readonly string[], ms: number): Promise<ExchangeTables> {
  const [[version]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const limit = /mariadb/i.test(String(version?.['version']))
    ? `max_statement_time = ${ms / 1000}`
    : `max_execution_time = ${ms}`;
  await connection.query(`SET SESSION ${limit}`);
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await connection.query('START TRANSACTION READ ONLY');
  const there = await tablesThere(connection);
  const trunks = (await rowsOf(connection, there, 'trunks')).map(trunkOf);
  const devices = (await rowsOf(connection, there, 'devices')).map(deviceOf);
  const inUse = new Set([...trunks, ...devices].map(({ tech }) => (tech === 'iax2' ? 'iax' : tech)));
  const settings: Setting[] = [];
  for (const table of SETTINGS) {
    if (!inUse.has(table)) continue;
    settings.push(...(await rowsOf(connection, there, table, keywords)).map((row) => settingOf(table, row)));
  }
  await connection.query('COMMIT');
  return { trunks, devices, settings };
}

/** `table.column` of those that this user may read. */
async function tablesThere(connection: Connection): Promise<ReadonlySet<string>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (?)',
    [Object.keys(COLUMNS)],
  );
  return new Set(rows.map(({ t, c }) => `${String(t)}.${String(c)}`.toLowerCase()));
}

async function rowsOf(
  connection: Connection,
  there: ReadonlySet<string>,
  table: string,
  keywords?: readonly string[],
): Promise<RowDataPacket[]> {
  const columns = COLUMNS[table] ?? [];
  const missing = columns.filter((column) => !there.has(`${table}.${column}`));
  if (missing.length > 0) {
    const what = `it has no ${missing.map((column) => `${table}.${column}`).join(', ')}, or this user may not read it`;
    throw new AppError('EXCHANGE_FAILED', what, SCHEMA);
  }
  const where = keywords ? ' WHERE keyword IN (?)' : '';
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT ${columns.join(', ')} FROM ${table}${where} ORDER BY ${columns.slice(0, 2).join(', ')} LIMIT ${MOST_ROWS + 1}`,
    keywords ? [keywords] : [],
  );
  if (rows.length <= MOST_ROWS) return rows;
  throw new AppError('EXCHANGE_FAILED', `${table} has more than ${MOST_ROWS} rows`, SCHEMA);
}

const SCHEMA = 'is it the database of a FreePBX 13 to 17? Nothing was changed';

function trunkOf(row: RowDataPacket): Trunk {
  const isDisabled = text(row['disabled']).trim().toLowerCase() === 'on';
  return { id: Number(row['trunkid']), name: text(row['name']), tech: text(row['tech']).toLowerCase(), isDisabled };
}

function deviceOf(row: RowDataPacket): Device {
  return { id: text(row['id']), tech: text(row['tech']).toLowerCase(), description: text(row['description']) };
}

function settingOf(table: Setting['table'], row: RowDataPacket): Setting {
  return { table, id: text(row['id']), keyword: text(row['keyword']), data: text(row['data']) };
}

/** Of whatever type a column is; NULL is empty. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}

function nameOf({ user, database, host, port, socketPath }: DatabaseAddress): string {
  return `FreePBX's database "${database}" as "${user}" at ${socketPath ?? `${host}:${port}`}`;
}
