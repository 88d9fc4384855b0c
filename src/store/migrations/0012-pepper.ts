/** A mark of the pepper with which PINs are kept, so that a PBX with another one is told so before it refuses them all. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function pepper({ create }: Tables): Migration {
  return {
    async up(db) {
      await create(db, 'pepper', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.primaryKey())
          .addColumn('mark', 'varchar(64)', (c) => c.notNull())
          .addColumn('pbx', 'varchar(64)', (c) => c.notNull())
          .addColumn('marked_at', 'bigint', (c) => c.notNull()),
      );
    },
  };
}
