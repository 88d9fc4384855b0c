/** What people were told already, so that it is not told again. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function told({ create }: Tables): Migration {
  return {
    async up(db) {
      await create(db, 'told', (table) =>
        table
          .addColumn('id', 'varchar(128)', (c) => c.primaryKey())
          .addColumn('news', 'text', (c) => c.notNull())
          .addColumn('told_at', 'bigint', (c) => c.notNull()),
      );
    },
  };
}
