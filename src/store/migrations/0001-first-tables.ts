/** The first tables. Steps may be run again: a server that stops in the middle of them cannot take them back. */
import { sql, type Migration } from 'kysely';
import type { Tables } from '../tables';

export function firstTables({ create, index }: Tables): Migration {
  return {
    async up(db) {
      await create(db, 'accounts', (table) =>
        table
          .addColumn('number', 'varchar(32)', (c) => c.primaryKey())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('email', 'text', (c) => c.notNull())
          .addColumn('pin_hash', 'text')
          .addColumn('services', 'text', (c) => c.notNull())
          .addColumn('extensions', 'text', (c) => c.notNull())
          .addColumn('callers', 'text', (c) => c.notNull())
          .addColumn('max_open', 'integer', (c) => c.notNull())
          .addColumn('lease_seconds', 'bigint', (c) => c.notNull())
          .addColumn('disabled_at', 'bigint')
          .addColumn('created_at', 'bigint', (c) => c.notNull()),
      );

      await create(db, 'entries', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
          .addColumn('kind', 'varchar(8)', (c) => c.notNull())
          .addColumn('what', 'text', (c) => c.notNull())
          .addColumn('network', 'varchar(64)', (c) => c.notNull())
          .addColumn('services', 'text', (c) => c.notNull())
          .addColumn('account', 'varchar(32)')
          .addColumn('opened_by', 'text', (c) => c.notNull())
          .addColumn('since', 'bigint', (c) => c.notNull())
          .addColumn('until', 'bigint')
          .addColumn('name', 'text')
          .addColumn('note', 'text')
          .addColumn('state', 'varchar(8)', (c) => c.notNull())
          .addColumn('proved_at', 'bigint'),
      );
      await index(db, 'entries', ['state', 'until']);
      await index(db, 'entries', ['network', 'state']);
      await index(db, 'entries', ['account', 'state']);
      await index(db, 'entries', ['since']);

      await create(db, 'tries', (table) =>
        table
          .addColumn('subject', 'varchar(190)', (c) => c.primaryKey())
          .addColumn('failures', 'integer', (c) => c.notNull())
          .addColumn('locks', 'integer', (c) => c.notNull())
          .addColumn('locked_until', 'bigint'),
      );
      await create(db, 'failures', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
          .addColumn('subject', 'varchar(190)', (c) => c.notNull())
          .addColumn('failed_at', 'bigint', (c) => c.notNull()),
      );
      await index(db, 'failures', ['subject', 'failed_at']);
      await index(db, 'failures', ['failed_at']);

      await create(db, 'journal', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
          .addColumn('happened_at', 'bigint', (c) => c.notNull())
          .addColumn('action', 'varchar(32)', (c) => c.notNull())
          .addColumn('done_by', 'text', (c) => c.notNull())
          .addColumn('what', 'text', (c) => c.notNull())
          .addColumn('done_from', 'text')
          .addColumn('why', 'text', (c) => c.notNull())
          .addColumn('entry', 'integer')
          .addColumn('previous', sql`mediumtext`),
      );
      await index(db, 'journal', ['happened_at']);

      await create(db, 'letters', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
          .addColumn('message_id', 'varchar(190)', (c) => c.notNull().unique())
          .addColumn('to_name', 'text', (c) => c.notNull())
          .addColumn('to_address', 'text', (c) => c.notNull())
          .addColumn('subject', 'text', (c) => c.notNull())
          .addColumn('text', sql`mediumtext`, (c) => c.notNull())
          .addColumn('html', sql`mediumtext`, (c) => c.notNull())
          .addColumn('queued_at', 'bigint', (c) => c.notNull())
          .addColumn('tries', 'integer', (c) => c.notNull())
          .addColumn('state', 'varchar(8)', (c) => c.notNull())
          .addColumn('next_try_at', 'bigint')
          .addColumn('sent_at', 'bigint')
          .addColumn('last_error', 'text'),
      );
      await index(db, 'letters', ['state', 'next_try_at']);

      await create(db, 'mode', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey())
          .addColumn('mode', 'varchar(8)')
          .addColumn('trial_mode', 'varchar(8)')
          .addColumn('trial_until', 'bigint')
          .addColumn('listening', 'text'),
      );
    },
  };
}
