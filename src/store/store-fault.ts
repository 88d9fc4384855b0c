/** Databases' faults as AppError STORE_FAILED: what happened and what to do. */
import { AppError } from '../errors';
import { printable } from '../domain/printable';

/**
 * What `error` is to the caller: the databases' and the kernel's faults have a code, and anything without one is a bug of
 * ours and stays as it is. `where` names the database, without its password.
 */
export function storeFault(error: unknown, where: string): unknown {
  const code = faultCode(error);
  if (code === undefined || error instanceof AppError) return error;
  const { message } = error as { message: string };
  const what = `${where}: ${printable(message)} (${code})`;
  return new AppError('STORE_FAILED', what, hintFor(`${code} ${message}`), bare(message, code, error));
}

/** Is this the database fault with one of these codes? */
export function isDatabaseFault(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof AppError && codes.includes(faultCode(error.cause) ?? '');
}

/** `SQLITE_BUSY`, `ER_LOCK_DEADLOCK`, `ENOENT`; undefined for anything else. Node's own `ERR_…` are bugs. */
export function faultCode(error: unknown): string | undefined {
  // By its shape: a native module gives its errors the class of whoever loaded it first.
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  if (errno === MARIADB_STATEMENT_TIMEOUT) return 'ER_STATEMENT_TIMEOUT';
  return typeof code === 'string' && !code.startsWith('ERR_') ? code : undefined;
}

/** MariaDB's own numbers have no name in mysql2. */
const MARIADB_STATEMENT_TIMEOUT = 1969;

/** Without the statement, in which the driver has put the values: they may be a PIN's hash. */
function bare(message: string, code: string, error: unknown): Error {
  const copy = Object.assign(new Error(message), { code });
  if (error instanceof Error && error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^SQLITE_(CORRUPT|NOTADB)/,
    'the file is damaged or no database of Tollgate: put a backup of it in its place, or move it away and run "tollgate init"',
  ],
  [/^SQLITE_FULL|^ENOSPC|^ER_(DISK|RECORD_FILE)_FULL/, 'the disk is full: make room; nothing was changed'],
  [/^SQLITE_BUSY|^SQLITE_LOCKED/, 'another program holds the database: end it, then try again; nothing was changed'],
  [/^SQLITE_READONLY|^EROFS/, "this user may not write it: run it as root, or give the file to the service's user"],
  [/^EACCES|^EPERM|^SQLITE_PERM/, "this user may not open it: run it as root, or give the file to the service's user"],
  [
    /^ENOENT: no such file|^ENOENT .*open|^SQLITE_CANTOPEN|^ENOTDIR|^EISDIR/,
    'is its folder there, and may this user write in it? "tollgate init" makes it',
  ],
  [/^SQLITE_IOERR/, 'the disk failed: look at "dmesg"'],
  [
    /^ER_ACCESS_DENIED/,
    'is the user or password in TOLLGATE_DATABASE right? In them, write %40 for @, %2F for / and %25 for %',
  ],
  [/^ER_DBACCESS_DENIED/, 'this database user lacks rights there: GRANT ALL ON that database to it'],
  [/^ER_BAD_DB/, 'make it: CREATE DATABASE, and GRANT ALL ON it to the user'],
  [
    /^ER_LOCK_WAIT|^ER_LOCK_DEADLOCK/,
    'something else holds these rows: SHOW ENGINE INNODB STATUS says what; nothing was changed',
  ],
  [
    /^ER_STATEMENT_TIMEOUT|^ER_QUERY_(INTERRUPTED|TIMEOUT)/,
    'the database server was too slow: SHOW PROCESSLIST says what it does; nothing was changed',
  ],
  [
    /^ECONNREFUSED|^ENOENT|^ETIMEDOUT|^EHOST|^ENET|^ENOTFOUND|^EAI_AGAIN/,
    'is the database server running, and is its address in TOLLGATE_DATABASE right?',
  ],
  [
    /^PROTOCOL_|^ECONNRESET|^EPIPE|^ER_SERVER_SHUTDOWN|closed state/,
    'the connection to the database server broke: try again when it is back',
  ],
  [/^ER_CON_COUNT|^ER_TOO_MANY_USER/, 'the database server has no connection left: raise its max_connections'],
];

function hintFor(text: string): string {
  return HINTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'run "tollgate status"';
}
