/** mysql2's pool with an end to every wait, one way of setting connections up, and faults that people can read. */
import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import type { Pool, PoolConnection, QueryError } from 'mysql2';
import { AppError } from '../errors';
import type { Clock } from '../ports';
import { storeFault } from './store-fault';
import { within } from './within';

export interface Bounds {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly lockWaitSeconds: number;
  readonly where: string;
}

/** What Kysely asks of a pool, and no more. */
export function boundedPool(pool: Pool, bounds: Bounds): MysqlPool {
  const ready = new WeakMap<PoolConnection, MysqlPoolConnection>();
  const acquire = async () => {
    const raw = await acquireRaw(pool, bounds);
    const known = ready.get(raw);
    if (known) return known;
    // The pool drops a connection that broke while nobody used it; a second word from it must not end the process.
    raw.on('error', () => undefined);
    await setUp(raw, bounds);
    const connection = boundedConnection(raw, bounds);
    ready.set(raw, connection);
    return connection;
  };
  return {
    getConnection(callback) {
      acquire().then(
        (connection) => callback(undefined, connection),
        (error: unknown) => callback(storeFault(error, bounds.where), undefined as never),
      );
    },
    end(callback) {
      const ended = new Promise<void>((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve())));
      within(ended, { ms: bounds.deadlineMs, clock: bounds.clock, fault: () => new Error('no answer') }).then(
        () => callback(undefined),
        // A server that does not even take leave has lost the connections anyway.
        () => callback(undefined),
      );
    },
  };
}

/** The pool itself waits for ever when all its connections are in use. */
function acquireRaw(pool: Pool, { clock, deadlineMs: ms, where }: Bounds): Promise<PoolConnection> {
  const connection = new Promise<PoolConnection>((resolve, reject) => {
    pool.getConnection((error, got) => (error ? reject(error) : resolve(got)));
  });
  const fault = () => new AppError('STORE_FAILED', `${where}: no connection within ${ms} ms`, HINT);
  return within(connection, { ms, clock, fault, tooLate: (late) => late.release() });
}

const HINT = 'is the database server running, reachable and not overloaded? SHOW PROCESSLIST says';

/**
 * Strict, so that nothing is cut to fit; without NO_BACKSLASH_ESCAPES, because the driver escapes with backslashes; and what was
 * committed by others is seen at once, as in SQLite.
 */
async function setUp(raw: PoolConnection, bounds: Bounds): Promise<void> {
  try {
    const rows = await ask(raw, 'SELECT VERSION() AS version', [], bounds);
    const { version } = (rows as readonly { version: string }[])[0] ?? { version: '' };
    const seconds = bounds.deadlineMs / 1000;
    const limit = /mariadb/i.test(version)
      ? `max_statement_time = ${seconds}`
      : `max_execution_time = ${bounds.deadlineMs}`;
    const sqlMode = `sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'`;
    const lockWait = `innodb_lock_wait_timeout = ${bounds.lockWaitSeconds}`;
    await ask(raw, `SET SESSION ${sqlMode}, ${lockWait}, ${limit}`, [], bounds);
    await ask(raw, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', [], bounds);
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

function boundedConnection(raw: PoolConnection, bounds: Bounds): MysqlPoolConnection {
  const query = (sql: string, parameters: unknown[], callback?: (error: unknown, result: never) => void) => {
    ask(raw, sql, parameters, bounds).then(
      (result) => callback?.(undefined, result as never),
      (error: unknown) => callback?.(storeFault(error, bounds.where), undefined as never),
    );
    return { stream: () => noStreams() };
  };
  return { query, release: () => raw.release() };
}

function noStreams(): never {
  throw new Error('The store streams nothing');
}

/** The server ends a statement at the deadline itself; when it does not even answer, the connection is given up. */
function ask(
  raw: PoolConnection,
  sql: string,
  values: unknown[],
  { clock, deadlineMs, where }: Bounds,
): Promise<unknown> {
  const ms = deadlineMs + SLACK_MS;
  const answer = new Promise<unknown>((resolve, reject) => {
    raw.query(sql, values, (error, result) => (error ? reject(withCode(error)) : resolve(result)));
  });
  const fault = () => {
    raw.destroy();
    return new AppError('STORE_FAILED', `${where}: no answer within ${ms} ms`, HINT);
  };
  return within(answer, { ms, clock, fault });
}

/** mysql2 gives no code to what it says of a connection whose end it has seen already. */
function withCode(error: QueryError): QueryError {
  const { code } = error as { readonly code?: string };
  return error.fatal && code === undefined ? Object.assign(error, { code: 'PROTOCOL_CONNECTION_LOST' }) : error;
}

const SLACK_MS = 500;
