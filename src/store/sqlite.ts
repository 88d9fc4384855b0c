/** SQLite: one file, one connection, one writer. */
import Database from 'better-sqlite3';
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
} from 'kysely';
import { AppError } from '../errors';
import type { Clock } from '../ports';
import type { OpenDatabase } from './database';
import { createPrivate, type Owner } from './private-file';
import type { Schema } from './schema';
import { faultCode, storeFault } from './store-fault';
import { sqliteTables } from './tables';
import { within } from './within';

export interface SqliteOptions {
  readonly kind: 'sqlite';
  readonly file: string;
  readonly clock: Clock;
  /** The name of this PBX; none unless told. */
  readonly pbx?: string;
  /** The service's user: root gives it the files it makes. */
  readonly owner?: Owner;
  /** Milliseconds to wait for another program's lock, and for our own connection; 5,000 unless told. */
  readonly busyMs?: number;
}

/** How long SQLite itself may wait: it stops the whole process while it does. */
const STANDSTILL_MS = 50;
const PAUSE_MS = 20;

/** Opens the file, or makes it. Throws STORE_FAILED. `-wal` and `-shm` get its mode and owner from SQLite. */
export function openSqlite({ file, clock, owner, busyMs = 5000, pbx = '' }: SqliteOptions): OpenDatabase {
  const where = `the database ${file}`;
  const database = openFile(file, owner, busyMs, where);
  const bounds = { clock, busyMs, where };
  const dialect = new SqliteDialect({ database });
  dialect.createDriver = () => new BoundedDriver(database, bounds);
  dialect.createAdapter = () => new AllOrNothing();
  const db = new Kysely<Schema>({ dialect });
  return {
    db,
    where,
    tables: sqliteTables,
    locksRows: false,
    ...{ pbx, shared: false },
    isPassing: () => false,
    close: async () => {
      await db.destroy();
      database.close();
    },
  };
}

function openFile(file: string, owner: Owner | undefined, busyMs: number, where: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    createPrivate(file, owner);
    database = new Database(file, { timeout: busyMs, fileMustExist: true });
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma(`busy_timeout = ${STANDSTILL_MS}`);
    return database;
  } catch (error) {
    database?.close();
    throw storeFault(error, where);
  }
}

interface Bounds {
  readonly clock: Clock;
  readonly busyMs: number;
  readonly where: string;
}

/** All of an upgrade is one transaction: after a crash in it the store is as it was, and it takes one write to the disk. */
class AllOrNothing extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Kysely's driver with write locks taken at the beginning, deadlines, and faults that people can read. */
class BoundedDriver extends SqliteDriver implements Driver {
  readonly #database: Database.Database;
  readonly #bounds: Bounds;

  constructor(database: Database.Database, bounds: Bounds) {
    super({ database });
    this.#database = database;
    this.#bounds = bounds;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const { clock, busyMs: ms, where } = this.#bounds;
    const fault = () => new AppError('STORE_FAILED', `${where}: busy for ${ms} ms`, 'try again; nothing was changed');
    const tooLate = () => void super.releaseConnection();
    return patient(await within(super.acquireConnection(), { ms, clock, fault, tooLate }), this.#bounds);
  }

  /** A plain BEGIN would read first and then find that another program has written meanwhile. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** After a full disk SQLite has rolled back already, and a second time would hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

/** Waits for another program's lock without stopping the process. A statement that met one has changed nothing. */
function patient(connection: DatabaseConnection, { clock, busyMs, where }: Bounds): DatabaseConnection {
  return {
    streamQuery: (query, size) => connection.streamQuery(query, size),
    async executeQuery<R>(query: CompiledQuery) {
      const end = clock.now().getTime() + busyMs;
      for (;;) {
        try {
          return await connection.executeQuery<R>(query);
        } catch (error) {
          if (!isBusy(error) || clock.now().getTime() >= end) throw storeFault(error, where);
          await clock.sleep(PAUSE_MS);
        }
      }
    },
  };
}

function isBusy(error: unknown): boolean {
  return faultCode(error)?.startsWith('SQLITE_BUSY') ?? false;
}
