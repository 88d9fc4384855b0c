/** Names that are followed: who looks after one, when the admin was told that it is stale, and what it was refused. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function followedNames({ add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'entries', 'stale_told_at', 'bigint');
      await add(db, 'entries', 'refused', 'text');
      await add(db, 'entries', 'checked_by', 'varchar(64)');
      await add(db, 'entries', 'checked_at', 'bigint');
    },
  };
}
