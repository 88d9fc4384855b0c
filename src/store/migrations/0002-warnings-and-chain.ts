/** Leases that warn of their end, media that outlast them, and the journal's chain, old lines included. */
import type { Kysely, Migration } from 'kysely';
import { hashOf, NO_HASH } from '../journal-chain';
import type { Schema } from '../schema';
import type { Tables } from '../tables';

const AT_ONCE = 1000;

export function warningsAndChain({ create, index, add }: Tables): Migration {
  return {
    async up(db) {
      await add(db, 'entries', 'warned_at', 'bigint');
      await add(db, 'entries', 'media_until', 'bigint');
      await index(db, 'entries', ['media_until']);
      await add(db, 'journal', 'hash', 'varchar(64)', (column) => column.notNull().defaultTo(NO_HASH));
      await create(db, 'journal_head', (table) =>
        table
          .addColumn('id', 'integer', (c) => c.primaryKey())
          .addColumn('lines', 'integer', (c) => c.notNull())
          .addColumn('last_line', 'integer', (c) => c.notNull())
          .addColumn('hash', 'varchar(64)', (c) => c.notNull()),
      );
      await chainAll(db as Kysely<Schema>);
    },
  };
}

/** From here on the lines that are there already are protected as well. */
async function chainAll(db: Kysely<Schema>): Promise<void> {
  let head = { id: 1, lines: 0, last_line: 0, hash: NO_HASH };
  for (;;) {
    const query = db.selectFrom('journal').selectAll().where('id', '>', head.last_line).orderBy('id').limit(AT_ONCE);
    const rows = await query.execute();
    for (const row of rows) {
      head = { ...head, lines: head.lines + 1, last_line: row.id, hash: hashOf(head.hash, row) };
      await db.updateTable('journal').set({ hash: head.hash }).where('id', '=', row.id).execute();
    }
    if (rows.length < AT_ONCE) break;
  }
  await db.replaceInto('journal_head').values(head).execute();
}
