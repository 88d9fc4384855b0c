/** How migrations make tables and indexes: the few words in which the two databases differ. */
import { sql, type ColumnBuilderCallback, type CreateTableBuilder, type Kysely } from 'kysely';
import { isDatabaseFault } from './store-fault';

export interface Tables {
  readonly create: (
    db: Kysely<unknown>,
    name: string,
    columns: (table: CreateTableBuilder<string>) => CreateTableBuilder<string, string>,
  ) => Promise<void>;
  readonly index: (db: Kysely<unknown>, table: string, columns: readonly string[]) => Promise<void>;
  /** Does nothing when the column is there: see the migrations. */
  readonly add: (
    db: Kysely<unknown>,
    table: string,
    column: string,
    type: 'bigint' | 'varchar(64)' | 'text',
    build?: ColumnBuilderCallback,
  ) => Promise<void>;
}

const add: Tables['add'] = async (db, table, column, type, build) => {
  const tables = await db.introspection.getTables();
  if (tables.find(({ name }) => name === table)?.columns.some(({ name }) => name === column)) return;
  await db.schema.alterTable(table).addColumn(column, type, build).execute();
};

export const sqliteTables: Tables = {
  create: (db, name, columns) => columns(db.schema.createTable(name).ifNotExists()).execute(),
  index: (db, table, columns) => indexOn(db, table, columns).ifNotExists().execute(),
  add,
};

/** Text compares byte by byte, as it does in SQLite, whatever the server's own defaults. */
const BYTE_BY_BYTE = sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`;

export const mariadbTables: Tables = {
  create: (db, name, columns) => columns(db.schema.createTable(name).ifNotExists()).modifyEnd(BYTE_BY_BYTE).execute(),
  index: async (db, table, columns) => {
    try {
      await indexOn(db, table, columns).execute();
    } catch (error) {
      // Made by an earlier run that did not come to its end. MySQL knows no "create index if not exists".
      if (!isDatabaseFault(error, 'ER_DUP_KEYNAME')) throw error;
    }
  },
  add,
};

function indexOn(db: Kysely<unknown>, table: string, columns: readonly string[]) {
  return db.schema
    .createIndex([table, ...columns].join('_'))
    .on(table)
    .columns([...columns]);
}
