/** The lock on the state folder: whoever holds it alone writes. */
import Database from 'better-sqlite3';
import { createPrivate, type Owner } from './private-file';
import { faultCode, storeFault } from './store-fault';

export interface StateLock {
  release(): void;
}

/**
 * Takes the lock, or is undefined at once when another process (or this one) holds it. It is SQLite's own lock on an
 * empty database, which the kernel frees when the process dies, however it dies. Throws STORE_FAILED when the
 * file cannot be made or opened.
 */
export function lockState(file: string, owner?: Owner): StateLock | undefined {
  try {
    createPrivate(file, owner);
    return takeLock(new Database(file, { timeout: 0, fileMustExist: true }));
  } catch (error) {
    throw storeFault(error, `the lock ${file}`);
  }
}

function takeLock(db: Database.Database): StateLock | undefined {
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    return { release: () => void db.close() };
  } catch (error) {
    db.close();
    if (faultCode(error)?.startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
}
