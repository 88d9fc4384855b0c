/** What a mode was chosen for besides ports, what was connected when its trial began, and who was heard lately. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function surroundings({ create, index, add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'modes', 'links', 'text');
      await add(db, 'modes', 'trial_connections', 'text');
      await create(db, 'heard', (table) =>
        table
          .addColumn('id', 'varchar(128)', (c) => c.primaryKey())
          .addColumn('pbx', 'varchar(64)', (c) => c.notNull())
          .addColumn('network', 'varchar(64)', (c) => c.notNull())
          .addColumn('kind', 'varchar(8)', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('heard_at', 'bigint', (c) => c.notNull()),
      );
      await index(db, 'heard', ['pbx', 'heard_at']);
    },
  };
}
