/** What a person revoked of an import is remembered, so that the import does not bring it back. */
import type { Migration } from 'kysely';
import type { Tables } from '../tables';

export function declined({ add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'entries', 'declined_by', 'text');
    },
  };
}
