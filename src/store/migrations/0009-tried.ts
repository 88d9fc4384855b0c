/** Which addresses tried a password of which account: many of them, over days, are told, whatever was restarted. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function tried({ create, index }: Tables): Migration {
  return {
    async up(db) {
      await create(db, 'tried', (table) =>
        table
          .addColumn('id', 'varchar(64)', (c) => c.primaryKey())
          .addColumn('pbx', 'varchar(64)', (c) => c.notNull())
          .addColumn('account', 'varchar(64)', (c) => c.notNull())
          .addColumn('network', 'varchar(64)', (c) => c.notNull())
          .addColumn('tried_at', 'bigint', (c) => c.notNull()),
      );
      await index(db, 'tried', ['tried_at']);
    },
  };
}
