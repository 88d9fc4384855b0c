/** Brings a database to this program's schema. Forward only. */
import { Migrator, type Kysely, type Migration } from 'kysely';
import { AppError } from '../errors';
import type { OpenDatabase } from './database';
import { firstTables } from './migrations/0001-first-tables';
import { warningsAndChain } from './migrations/0002-warnings-and-chain';
import { sharedDatabase } from './migrations/0003-shared-database';
import { groups } from './migrations/0004-groups';
import { surroundings } from './migrations/0005-surroundings';
import { countries } from './migrations/0006-countries';
import { followedNames } from './migrations/0007-followed-names';
import { told } from './migrations/0008-told';
import { tried } from './migrations/0009-tried';
import { forgetting } from './migrations/0010-forgetting';
import { declined } from './migrations/0011-declined';
import { pepper } from './migrations/0012-pepper';
import type { Tables } from './tables';

const MIGRATIONS: Readonly<Record<string, (tables: Tables, pbx: string) => Migration>> = {
  '0001-first-tables': firstTables,
  '0002-warnings-and-chain': warningsAndChain,
  '0003-shared-database': sharedDatabase,
  '0004-groups': groups,
  '0005-surroundings': surroundings,
  '0006-countries': countries,
  '0007-followed-names': followedNames,
  '0008-told': told,
  '0009-tried': tried,
  '0010-forgetting': forgetting,
  '0011-declined': declined,
  '0012-pepper': pepper,
};
const DONE = 'tollgate_migration';
const LOCK = 'tollgate_migration_lock';

/** Rejects with STORE_NEWER when a newer program has been there, with STORE_FAILED when it is somebody else's database. */
export async function migrate({ db, tables, where, pbx }: OpenDatabase): Promise<void> {
  const done = await doneIn(db, where);
  if (isComplete(done, where)) return;
  const migrations = Object.fromEntries(Object.entries(MIGRATIONS).map(([name, make]) => [name, make(tables, pbx)]));
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    migrationTableName: DONE,
    migrationLockTableName: LOCK,
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error; // it never rejects: it says so in its result
}

/** Has it every table as this program knows them? Changes nothing; rejects as `migrate` does. */
export async function isCurrent({ db, where }: OpenDatabase): Promise<boolean> {
  return isComplete(await doneIn(db, where), where);
}

function isComplete(done: readonly string[], where: string): boolean {
  const newer = done.filter((name) => !(name in MIGRATIONS));
  if (newer.length > 0) {
    throw new AppError(
      'STORE_NEWER',
      `${where} was written by a newer Tollgate (it has "${newer.join('", "')}")`,
      'install that version again, or put back the backup that was made before the upgrade',
    );
  }
  return done.length === Object.keys(MIGRATIONS).length;
}

async function doneIn(db: OpenDatabase['db'], where: string): Promise<string[]> {
  const names = (await db.introspection.getTables({ withInternalKyselyTables: true })).map((table) => table.name);
  if (!names.includes(DONE)) {
    if (names.length === 0) return [];
    throw new AppError(
      'STORE_FAILED',
      `${where} belongs to something else: it holds "${names.slice(0, 3).join('", "')}"`,
      'give Tollgate an empty database of its own',
    );
  }
  const rows = await (db as unknown as Kysely<Record<typeof DONE, { name: string }>>)
    .selectFrom(DONE)
    .select('name')
    .execute();
  return rows.map((row) => row.name);
}
