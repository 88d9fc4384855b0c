/** A database that several PBXs may share: which of them did what, and a count of changes that each can watch. */
import type { Kysely, Migration } from 'kysely';
import type { ModeRow, Schema } from '../schema';
import type { Tables } from '../tables';

/** `pbx`: the name of the one that runs it. Until now a database belonged to one alone, so all that is there is its own. */
export function sharedDatabase({ create, index, add }: Tables, pbx: string): Migration {
  return {
    async up(db) {
      await add(db, 'entries', 'pbx', 'varchar(64)');
      await add(db, 'entries', 'revoked_at', 'bigint');
      await add(db, 'entries', 'revision', 'bigint', (column) => column.notNull().defaultTo(0));
      await add(db, 'entries', 'changed_on', 'varchar(64)');
      await index(db, 'entries', ['revision']);
      await add(db, 'journal', 'pbx', 'varchar(64)');
      await add(db, 'letters', 'pbx', 'varchar(64)');
      await create(db, 'revision', (table) =>
        table.addColumn('id', 'integer', (c) => c.primaryKey()).addColumn('number', 'bigint', (c) => c.notNull()),
      );
      await create(db, 'modes', (table) =>
        table
          .addColumn('pbx', 'varchar(64)', (c) => c.primaryKey())
          .addColumn('mode', 'varchar(8)')
          .addColumn('trial_mode', 'varchar(8)')
          .addColumn('trial_until', 'bigint')
          .addColumn('listening', 'text'),
      );
      await giveTo(pbx, db as Kysely<Schema & { readonly mode: OldModeRow }>);
    },
  };
}

type OldModeRow = Pick<ModeRow, 'mode' | 'trial_mode' | 'trial_until' | 'listening'> & { readonly id: number };

async function giveTo(pbx: string, db: Kysely<Schema & { readonly mode: OldModeRow }>): Promise<void> {
  // The journal's lines stay as they were written: their hashes hold them to it.
  for (const table of ['entries', 'letters'] as const) {
    await db.updateTable(table).set({ pbx }).where('pbx', 'is', null).execute();
  }
  if (!(await db.introspection.getTables()).some(({ name }) => name === 'mode')) return;
  const old = await db.selectFrom('mode').selectAll().where('id', '=', 1).executeTakeFirst();
  if (old) {
    const { mode, trial_mode, trial_until, listening } = old;
    await db.replaceInto('modes').values({ pbx, mode, trial_mode, trial_until, listening }).execute();
  }
  await db.schema.dropTable('mode').execute();
}
