/** The database's and the file's faults as AppError EXCHANGE_FAILED: what happened and what to do. */
import { printable } from '../domain/printable';
import { AppError } from '../errors';

/** `where` names the database, without its password. What has no code is a bug of ours and stays as it is. */
export function exchangeFault(error: unknown, where: string): unknown {
  if (error instanceof AppError) return new AppError(error.code, `${where}: ${error.what}`, error.hint, error);
  if (typeof error !== 'object' || error === null || !('message' in error) || !('code' in error)) return error;
  const { code, message } = error as { readonly code: unknown; readonly message: unknown };
  if (typeof code !== 'string' || code.startsWith('ERR_')) return error;
  const hint = HINTS.find(([pattern]) => pattern.test(code))?.[1] ?? 'nothing was changed';
  // Without its cause: the driver keeps the statement and the connection's settings beside the message.
  return new AppError('EXCHANGE_FAILED', `${where}: ${printable(String(message))} (${code})`, hint);
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^ER_ACCESS_DENIED/, 'is the user or password right? /etc/freepbx.conf has FreePBX’s own; nothing was changed'],
  [
    /^ER_(DB|TABLE|COLUMN)ACCESS_DENIED/,
    'let this user SELECT from trunks, devices, sip, pjsip and iax; nothing was changed',
  ],
  [/^ER_BAD_DB/, 'is that the name of FreePBX’s database? It is "asterisk" mostly; nothing was changed'],
  [
    /^E(CONNREFUSED|NOENT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND|TIMEDOUT)/,
    'is the database server running, and is its address right? Nothing was changed',
  ],
];
