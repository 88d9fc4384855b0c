/** Finds FreePBX's database as FreePBX itself finds it. */
import { access, readFile } from 'node:fs/promises';
import { AppError } from '../errors';
import { addressIn, type DatabaseAddress } from './address';

export interface Places {
  /** FreePBX's own file. */
  readonly conf: string;
  /** Where a database server may have its socket; the first that is there is taken. */
  readonly sockets: readonly string[];
}

export const PLACES: Places = {
  conf: '/etc/freepbx.conf',
  // Debian's, and that of FreePBX's own older distribution.
  sockets: ['/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock'],
};

/** undefined: there is no FreePBX on this machine. Rejects with EXCHANGE_FAILED. */
export async function findDatabase({ conf, sockets }: Places): Promise<DatabaseAddress | undefined> {
  const text = await readFile(conf, 'utf8').catch((error: unknown) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === '' || code.startsWith('ERR_')) throw error;
    throw new AppError('EXCHANGE_FAILED', `${conf} cannot be read (${code})`, HINT, error);
  });
  return text === undefined ? undefined : addressIn(text, conf, await firstThere(sockets));
}

const HINT =
  'let Tollgate read it: setfacl -m u:tollgate:r /etc/freepbx.conf; or set [import] freepbx_database, with a database user that may only SELECT';

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
