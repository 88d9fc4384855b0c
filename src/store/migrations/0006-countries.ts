/** Countries and ranges of addresses that are permitted or denied. The data themselves are files. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function countries({ create }: Tables): Migration {
  return {
    async up(db) {
      await create(db, 'countries', (table) =>
        table
          .addColumn('country', 'varchar(2)', (c) => c.primaryKey())
          .addColumn('permission', 'varchar(8)', (c) => c.notNull())
          .addColumn('done_by', 'text', (c) => c.notNull())
          .addColumn('done_at', 'bigint', (c) => c.notNull()),
      );
      await create(db, 'address_ranges', (table) =>
        table
          .addColumn('span', 'varchar(80)', (c) => c.primaryKey())
          .addColumn('permission', 'varchar(8)', (c) => c.notNull())
          .addColumn('done_by', 'text', (c) => c.notNull())
          .addColumn('done_at', 'bigint', (c) => c.notNull())
          .addColumn('note', 'text'),
      );
    },
  };
}
