/** Reads `mysql://USER:PASSWORD@HOST:PORT/DATABASE` as people write it. */
import { AppError } from '../errors';

export interface MariadbAddress {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socketPath: string | undefined;
}

/** The last @ ends the password, so that one may hold `@`, `:`, `/`, `#` and `?` as they are. */
const FORM =
  /^(?:mysql|mariadb):\/\/([^:@/]+)(?::(.*))?@(\[[0-9a-fA-F:.]+\]|[^@/?#[\]:]*)(?::(\d{1,5}))?\/([^/?#@]+)(?:\?socket=([^@&]+))?$/su;
const HINT =
  'write TOLLGATE_DATABASE as mysql://USER:PASSWORD@HOST:PORT/DATABASE, or …@localhost/DATABASE?socket=/run/mysqld/mysqld.sock; ' +
  'in all of them %25 stands for %, %40 for @, %3A for : and %2F for /';

/**
 * Everything between `://` and the last `@` is user and password; the first `:` parts them. `%` and two hexadecimal digits is
 * that byte (UTF-8), any other `%` is itself. Throws CONFIG_INVALID, which never quotes the text: it holds a password.
 */
export function readMariadbUrl(text: string): MariadbAddress {
  const [, user = '', password = '', host = '', port = '3306', database = '', socket] = FORM.exec(text) ?? [];
  if (user === '' || Number(port) < 1 || Number(port) > 65_535) {
    throw new AppError('CONFIG_INVALID', 'the address of the database is not in the form that is expected', HINT);
  }
  return {
    user: decode(user),
    password: decode(password),
    database: decode(database),
    host: host.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port),
    socketPath: socket === undefined ? undefined : decode(socket),
  };
}

function decode(text: string): string {
  try {
    return text.replace(/(?:%[0-9a-fA-F]{2})+/g, decodeURIComponent);
  } catch (error) {
    throw new AppError('CONFIG_INVALID', 'the address of the database holds %-signs that are no UTF-8', HINT, error);
  }
}
