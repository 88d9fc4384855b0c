/** Entries that stand for several networks, the admin's own way in, and what an import brought. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function groups({ index, add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'entries', 'part_of', 'bigint');
      await add(db, 'entries', 'is_primary', 'bigint');
      await add(db, 'entries', 'origin', 'varchar(64)');
      await add(db, 'entries', 'stale_since', 'bigint');
      await index(db, 'entries', ['part_of', 'state']);
      await index(db, 'entries', ['kind', 'state']);
    },
  };
}
