/** Where FreePBX's database is, and as whom to read it. */
import { AppError } from '../errors';
import { readAmpConf } from './php-settings';

export interface DatabaseAddress {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socketPath: string | undefined;
}

/** From the text of `freepbx.conf`. `socket`: the server's own, which PHP takes for "localhost". Rejects with EXCHANGE_FAILED. */
export function addressIn(text: string, file: string, socket: string | undefined): DatabaseAddress {
  const conf = readAmpConf(text);
  const [user, password] = [conf.get('AMPDBUSER'), conf.get('AMPDBPASS')];
  if (!user || password === undefined) {
    throw new AppError(
      'EXCHANGE_FAILED',
      `${file} does not say as whom to read FreePBX's database ($amp_conf['AMPDBUSER'] and ['AMPDBPASS'] as plain text)`,
      'name it yourself: tollgate import freepbx --freepbx-database mysql://USER:PASSWORD@localhost/asterisk',
    );
  }
  const host = conf.get('AMPDBHOST') ?? 'localhost';
  const port = Number(conf.get('AMPDBPORT') ?? '') || 3306;
  const named = conf.get('AMPDBSOCK') || (host === 'localhost' && !conf.get('AMPDBPORT') ? socket : undefined);
  return { user, password, database: conf.get('AMPDBNAME') || 'asterisk', host, port, socketPath: named };
}
