/** Opens the store: SQLite or MariaDB behind the same queries. */
import type { Store } from '../domain/store';
import type { Clock } from '../ports';
import type { OpenDatabase } from './database';
import { isCurrent, migrate } from './migrate';
import { openMariadb, type MariadbOptions } from './mariadb';
import { recordsAsAsked, recordsOf } from './records';
import { stamp } from './revision';
import type { Changed, Session } from './session';
import { openSqlite, type SqliteOptions } from './sqlite';
import type { Words } from './statement';
import { makeTurns } from './turns';

export type StoreOptions = SqliteOptions | MariadbOptions;

/**
 * Opens it, makes or upgrades its tables, and resolves when it can be used. Rejects with STORE_FAILED or STORE_NEWER.
 * One process at a time may write: hold `lockState` meanwhile.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  try {
    if (!(await isCurrent(database))) await upgrade(options);
    return storeOn(database, options.clock);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A large table takes longer than any question may. */
const UPGRADE_MS = 10 * 60_000;

async function upgrade(options: StoreOptions): Promise<void> {
  const patient = await openDatabase(options.kind === 'mariadb' ? { ...options, deadlineMs: UPGRADE_MS } : options);
  try {
    await migrate(patient);
  } finally {
    await patient.close();
  }
}

/** Without a look at what is in it. Rejects with STORE_FAILED or CONFIG_INVALID. */
export async function openDatabase(options: StoreOptions): Promise<OpenDatabase> {
  return options.kind === 'sqlite' ? openSqlite(options) : openMariadb(options);
}

/** Milliseconds that a change waits for the changes before it. */
const TURN_MS = 10_000;
const ATTEMPTS = 3;
const PAUSE_MS = 20;

function storeOn(database: OpenDatabase, clock: Clock): Store {
  // One transaction at a time on both databases: what holds on the one then holds on the other.
  const turns = makeTurns(TURN_MS, clock, database.where);
  const outside: Words = new Map();
  const inside: Words = new Map();
  const atomically = <T>(work: (session: Session) => Promise<T>, onDisk = true) =>
    turns(() => attempt(database, clock, work, { onDisk, words: inside }));
  const own = {
    ...{ ...ownership(database), db: database.db, locksRows: false, words: outside },
    ...{ atomically, changed: notHere },
  };
  const recordsIn = recordsAsAsked(own);
  return {
    ...recordsOf(own),
    transaction: (work, { onDisk } = { onDisk: true }) => atomically((session) => work(recordsIn(session)), onDisk),
    close: () => turns(() => database.close()),
  };
}

/** Runs the transaction, and runs it again when another writer was in the way: nothing of it has been kept then. */
async function attempt<T>(
  database: OpenDatabase,
  clock: Clock,
  work: (part: Session) => Promise<T>,
  { onDisk, words }: { readonly onDisk: boolean; readonly words: Words },
): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await database.db.transaction().execute(async (db) => {
        if (!onDisk) await database.leaveToTheNext(db);
        const touched = new Set<Changed>();
        const part: Session = {
          ...{ ...ownership(database), db, locksRows: database.locksRows, words },
          atomically: (inner) => inner(part),
          changed: (what) => void touched.add(what),
        };
        const result = await work(part);
        await stamp(part, touched);
        return result;
      });
    } catch (error) {
      if (n >= ATTEMPTS || !database.isPassing(error)) throw error;
      await clock.sleep(PAUSE_MS * n);
    }
  }
}

function ownership({ pbx, shared }: OpenDatabase) {
  return { pbx, shared };
}

function notHere(): never {
  throw new Error('What others have to know changes inside a transaction');
}
