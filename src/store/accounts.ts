/** Accounts. */
import type { Account } from '../domain/account';
import type { Records } from '../domain/store';
import { optionalDate, readList, toColumn } from './columns';
import type { AccountRow } from './schema';
import type { Session } from './session';

type AccountRecords = Pick<Records, 'account' | 'accounts' | 'saveAccount' | 'removeAccount'>;

export function accountRecords({ db }: Session): AccountRecords {
  return {
    async account(number) {
      const row = await db.selectFrom('accounts').selectAll().where('number', '=', number).executeTakeFirst();
      return row && readAccount(row);
    },
    async accounts() {
      const rows = await db.selectFrom('accounts').selectAll().orderBy('number').execute();
      return rows.map(readAccount);
    },
    async saveAccount(account) {
      await db.replaceInto('accounts').values(accountRow(account)).execute();
    },
    async removeAccount(number) {
      await db.deleteFrom('accounts').where('number', '=', number).execute();
    },
  };
}

function accountRow(account: Account): AccountRow {
  return {
    number: account.number,
    name: account.name,
    email: account.email,
    pin_hash: account.pinHash ?? null,
    services: JSON.stringify(account.services),
    extensions: JSON.stringify(account.extensions),
    callers: JSON.stringify(account.callers),
    max_open: account.maxOpen,
    lease_seconds: account.leaseSeconds,
    disabled_at: account.disabledAt ? toColumn(account.disabledAt) : null,
    created_at: toColumn(account.createdAt),
  };
}

function readAccount(row: AccountRow): Account {
  return {
    number: row.number,
    name: row.name,
    email: row.email,
    pinHash: row.pin_hash ?? undefined,
    services: readList(row.services),
    extensions: readList(row.extensions),
    callers: readList(row.callers),
    maxOpen: row.max_open,
    leaseSeconds: row.lease_seconds,
    disabledAt: optionalDate(row.disabled_at),
    createdAt: new Date(row.created_at),
  };
}
