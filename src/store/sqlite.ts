/** SQLite: one file, one connection, one writer. */
import { setImmediate } from 'node:timers/promises';
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
import { preparedOnce } from './prepared';
import { faultCode, storeFault } from './store-fault';
import { sqliteTables } from './tables';
import { within } from './within';
import { writeAheadLog, type WriteAheadLog } from './write-ahead-log';

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
  /** What brings commits to the disk; left out: fdatasync. */
  readonly log?: WriteAheadLog;
}

/** For the transaction in which it is said; SQLite never sees it. */
const LEAVE_TO_THE_NEXT = CompiledQuery.raw('');
/** How long SQLite itself may wait: it stops the whole process while it does. */
const STANDSTILL_MS = 50;
const PAUSE_MS = 20;
/** So long statements may follow each other before the event loop has its turn. */
const TURN_MS = 2;

/** Opens the file, or makes it. Throws STORE_FAILED. `-wal` and `-shm` get its mode and owner from SQLite. */
export function openSqlite({ file, clock, owner, busyMs = 5000, pbx = '', ...more }: SqliteOptions): OpenDatabase {
  const where = `the database ${file}`;
  const database = openFile(file, owner, busyMs, where);
  const log = more.log ?? writeAheadLog(file);
  const bounds = { takeTurns: turnsOfTheLoop(clock), clock, busyMs, where, log };
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
    leaveToTheNext: async (transaction) => {
      await transaction.executeQuery(LEAVE_TO_THE_NEXT);
    },
    close: async () => {
      await db.destroy();
      await log.close();
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
    // Its own sync would stop the whole process: ours follows each commit, before anybody hears of it.
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    database.pragma(`busy_timeout = ${STANDSTILL_MS}`);
    return database;
  } catch (error) {
    database?.close();
    throw storeFault(error, where);
  }
}

interface Bounds {
  /** Before each statement. */
  readonly takeTurns: () => Promise<void>;
  readonly clock: Clock;
  readonly busyMs: number;
  readonly where: string;
  readonly log: WriteAheadLog;
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
    super({ database: preparedOnce(database) });
    this.#database = database;
    this.#bounds = bounds;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const { clock, busyMs: ms, where } = this.#bounds;
    const fault = () => new AppError('STORE_FAILED', `${where}: busy for ${ms} ms`, 'try again; nothing was changed');
    const tooLate = () => void super.releaseConnection();
    const connection = await within(super.acquireConnection(), { ms, clock, fault, tooLate });
    return patient(connection, this.#bounds, () => !this.#database.inTransaction);
  }

  /** Whoever is between two turns of the event loop is let finish. */
  override async destroy(): Promise<void> {
    await super.acquireConnection();
    await super.destroy();
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

/** Nothing that was committed is told before it is on the disk. */
function patient(connection: DatabaseConnection, bounds: Bounds, isCommitted: () => boolean): DatabaseConnection {
  const { where, log } = bounds;
  const toDisk = async () => {
    try {
      await log.sync();
    } catch (error) {
      const what = `${where}: the disk did not take what was written: ${String(error)}`;
      throw new AppError('STORE_FAILED', what, 'look after the disk, then restart Tollgate', error);
    }
  };
  let isLeft = false;
  return {
    streamQuery: (query, size) => connection.streamQuery(query, size),
    async executeQuery<R>(query: CompiledQuery) {
      if (query === LEAVE_TO_THE_NEXT) {
        isLeft = true;
        return { rows: [] };
      }
      await bounds.takeTurns();
      const result = await untilFree(() => connection.executeQuery<R>(query), bounds);
      if (query.query.kind !== 'SelectQueryNode' && isCommitted() && !isLeft) await toDisk();
      return result;
    },
  };
}

/** A transaction would else be one piece, as long as which nobody is answered. */
function turnsOfTheLoop(clock: Clock): () => Promise<void> {
  let last = -Infinity;
  return async () => {
    const now = clock.now().getTime();
    if (now >= last && now - last < TURN_MS) return;
    await setImmediate();
    last = clock.now().getTime();
  };
}

/** Waits for another program's lock without stopping the process. A statement that met one has changed nothing. */
async function untilFree<T>(execute: () => Promise<T>, { clock, busyMs, where }: Bounds): Promise<T> {
  const end = clock.now().getTime() + busyMs;
  for (;;) {
    try {
      return await execute();
    } catch (error) {
      if (!isBusy(error) || clock.now().getTime() >= end) throw storeFault(error, where);
      await clock.sleep(PAUSE_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return faultCode(error)?.startsWith('SQLITE_BUSY') ?? false;
}
