/** MariaDB or MySQL: a small pool, every wait of which ends. */
import { Kysely, MysqlDialect, MysqlDriver, type DatabaseConnection, type Driver } from 'kysely';
import type { PoolOptions } from 'mysql2';
import type { Clock } from '../ports';
import { boundedPool } from './bounded-pool';
import type { OpenDatabase } from './database';
import { readMariadbUrl, type MariadbAddress } from './mariadb-url';
import type { Schema } from './schema';
import { isDatabaseFault } from './store-fault';
import { mariadbTables } from './tables';

export interface MariadbOptions {
  readonly kind: 'mariadb';
  /** See `readMariadbUrl`. */
  readonly url: string;
  readonly clock: Clock;
  /** The name of this PBX; none unless told. */
  readonly pbx?: string;
  /** Milliseconds for connecting, for getting a connection and for one statement, each; 5,000 unless told. */
  readonly deadlineMs?: number;
  /** Seconds that a statement waits for another's row lock, less than the deadline; 2 unless told. */
  readonly lockWaitSeconds?: number;
}

const CONNECTIONS = 4;

/** Rejects with CONFIG_INVALID. Connects when it is first used. */
export async function openMariadb(options: MariadbOptions): Promise<OpenDatabase> {
  const { url, clock, deadlineMs = 5000, lockWaitSeconds = 2, pbx = '' } = options;
  const address = readMariadbUrl(url);
  const where = nameOf(address);
  const { createPool } = await import('mysql2'); // 16 MiB, for nothing where there is SQLite
  const pool = boundedPool(createPool(poolOptions(address, deadlineMs)), { clock, deadlineMs, lockWaitSeconds, where });
  const dialect = new MysqlDialect({ pool });
  dialect.createDriver = () => new ForgivingDriver({ pool });
  const db = new Kysely<Schema>({ dialect });
  return {
    db,
    where,
    tables: mariadbTables,
    locksRows: true,
    ...{ pbx, shared: true },
    isPassing: (error) => isDatabaseFault(error, 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'),
    leaveToTheNext: () => Promise.resolve(), // the server sees to its disk
    close: () => db.destroy(),
  };
}

function poolOptions({ user, password, database, host, port, socketPath }: MariadbAddress, ms: number): PoolOptions {
  return {
    ...{ user, password, database },
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...{ connectionLimit: CONNECTIONS, connectTimeout: ms, charset: 'utf8mb4', supportBigNumbers: true },
  };
}

function nameOf({ user, database, host, port, socketPath }: MariadbAddress): string {
  return `the database "${database}" of "${user}" at ${socketPath ?? `${host}:${port}`}`;
}

/** When the connection is gone, so is the transaction; that it cannot be rolled back any more would hide why. */
class ForgivingDriver extends MysqlDriver implements Driver {
  override rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return super.rollbackTransaction(connection).catch(() => undefined);
  }
}
