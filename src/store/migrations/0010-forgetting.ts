/** What is old is forgotten: how far the journal was, and when tries were last counted. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function forgetting({ add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'journal_head', 'forgotten_lines', 'bigint');
      await add(db, 'journal_head', 'forgotten_line', 'bigint');
      await add(db, 'journal_head', 'forgotten_hash', 'varchar(64)');
      await add(db, 'journal_head', 'forgotten_until', 'bigint');
      await add(db, 'tries', 'saved_at', 'bigint');
    },
  };
}
