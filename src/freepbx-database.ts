/** Where FreePBX's database is: as a command or the settings say, or as FreePBX's own file does. */
import type { Config } from './config';
import { AppError } from './errors';
import type { DatabaseAddress } from './freepbx/address';
import { findDatabase, PLACES } from './freepbx/find-database';
import { readMariadbUrl } from './store/mariadb-url';

/** `given`: a mysql:// address. Resolves to undefined when there is no FreePBX here. Rejects with MISUSED or EXCHANGE_FAILED. */
export async function freepbxDatabase(
  { import: { freepbx_database: set } }: Config,
  given: string | undefined,
): Promise<DatabaseAddress | undefined> {
  const url = given ?? set;
  return url === '' ? findDatabase(PLACES) : addressOf(url);
}

/** Never quotes the text: it holds a password. */
function addressOf(url: string): DatabaseAddress {
  try {
    return readMariadbUrl(url);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const hint =
      'write mysql://USER:PASSWORD@HOST:PORT/asterisk, or …@localhost/asterisk?socket=/run/mysqld/mysqld.sock';
    throw new AppError('MISUSED', "the address of FreePBX's database is not in the form that is expected", hint);
  }
}
