/** Copies a whole store into another one that is empty, and checks that every row came over. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import { AppError } from '../errors';
import type { OpenDatabase } from './database';
import { isCurrent, migrate } from './migrate';
import { openDatabase, type StoreOptions } from './open';
import type { Schema } from './schema';

export interface Moved {
  /** The databases' names for people, without a password. */
  readonly from: string;
  readonly to: string;
  readonly tables: readonly MovedTable[];
}
interface MovedTable {
  readonly name: string;
  readonly rows: number;
  /** Of the content, whatever the order of rows and columns: the same on both sides. */
  readonly sha256: string;
}

/** Every table, and the column that tells its rows apart. */
const KEYS: Readonly<Record<keyof Schema, string>> = {
  accounts: 'number',
  address_ranges: 'span',
  countries: 'country',
  entries: 'id',
  failures: 'id',
  heard: 'id',
  journal: 'id',
  journal_head: 'id',
  letters: 'id',
  modes: 'pbx',
  pepper: 'id',
  revision: 'id',
  told: 'id',
  tried: 'id',
  tries: 'subject',
};
const TABLES = Object.entries(KEYS);
/** Have a row in an empty store too, which gives way to the source's. */
const NEVER_EMPTY: readonly string[] = ['journal_head'];

type Row = Readonly<Record<string, string | number | null>>;
/** A transaction of either database, as rows without a meaning. */
type Rows = Kysely<Record<string, Row>>;

/**
 * All of it in one transaction of the target, or nothing; ids stay as they are. The source is only read. Rejects with
 * REFUSED when the target is not empty or the source waits for an upgrade, else as `openStore` does. With `dryRun`
 * nothing is made, and the figures are the source's.
 */
export async function moveStore(
  from: StoreOptions,
  to: StoreOptions,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Moved> {
  const source = await openDatabase(from);
  try {
    await refuseOutdated(source);
    if (dryRun) return await wouldMove(source, to);
    const target = await openDatabase(to);
    try {
      refuseSame(source, target);
      await migrate(target);
      const tables = await copyBetween(source, target);
      return { from: source.where, to: target.where, tables };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function refuseOutdated(source: OpenDatabase): Promise<void> {
  if (await isCurrent(source)) return;
  const what = `${source.where} was written by an older Tollgate, or never used`;
  throw new AppError('REFUSED', what, 'run "tollgate status" once, which brings it up to date; then move it');
}

async function copyBetween(source: OpenDatabase, target: OpenDatabase): Promise<MovedTable[]> {
  let tables: MovedTable[] | undefined;
  try {
    // One moment of the source for all tables, although others may be writing in a shared database.
    await inTransaction(source, async (rows) => {
      tables = await inTransaction(target, (copy) => copyAll(rows, copy, target));
    });
  } catch (error) {
    if (!tables) throw error; // else the target has it all, and the source was only to be let go
  }
  return tables ?? [];
}

function refuseSame(source: OpenDatabase, { where }: OpenDatabase): void {
  if (where === source.where) throw new AppError('REFUSED', `${where} is where everything is already`, 'name another');
}

async function wouldMove(source: OpenDatabase, to: StoreOptions): Promise<Moved> {
  const tables = await inTransaction(source, async (rows) => {
    const found: MovedTable[] = [];
    for (const [name, key] of TABLES) found.push({ name, ...(await sumOf(rows, name, key)) });
    return found;
  });
  if (to.kind === 'sqlite' && !existsSync(to.file)) {
    return { from: source.where, to: `the database ${to.file}`, tables };
  }
  const target = await openDatabase(to);
  try {
    if (await isCurrent(target)) await inTransaction(target, (rows) => refuseUnlessEmpty(rows, target));
    return { from: source.where, to: target.where, tables };
  } finally {
    await target.close();
  }
}

function inTransaction<T>({ db }: OpenDatabase, work: (rows: Rows) => Promise<T>): Promise<T> {
  const transaction = db.transaction().setIsolationLevel('repeatable read');
  return transaction.execute((rows) => work(rows as unknown as Rows));
}

async function refuseUnlessEmpty(rows: Rows, { where }: OpenDatabase): Promise<void> {
  for (const [name] of TABLES.filter(([table]) => !NEVER_EMPTY.includes(table))) {
    if ((await rows.selectFrom(name).selectAll().limit(1).execute()).length === 0) continue;
    const hint = 'name an empty database: nothing is ever mixed or replaced';
    throw new AppError('REFUSED', `${where} is not empty: it has rows in "${name}"`, hint);
  }
}

async function copyAll(source: Rows, copy: Rows, target: OpenDatabase): Promise<MovedTable[]> {
  await refuseUnlessEmpty(copy, target);
  const moved: MovedTable[] = [];
  for (const [name, key] of TABLES) {
    if (NEVER_EMPTY.includes(name)) await copy.deleteFrom(name).execute();
    const sent = new Sum();
    for await (const page of pagesOf(source, name, key)) {
      for (const row of page) sent.add(row);
      for (const some of inPackets(page)) await copy.insertInto(name).values(some).execute();
    }
    const kept = await sumOf(copy, name, key);
    if (kept.rows !== sent.rows || kept.sha256 !== sent.sha256) {
      const what = `${target.where} does not give back what was put into "${name}": ${kept.rows} of ${sent.rows} rows`;
      throw new AppError('STORE_FAILED', what, 'nothing was moved; is its character set utf8mb4?');
    }
    moved.push({ name, ...kept });
  }
  return moved;
}

const PAGE_ROWS = 100;

async function* pagesOf(rows: Rows, name: string, key: string): AsyncGenerator<readonly Row[]> {
  for (let last: Row | undefined; ;) {
    const after = last?.[key];
    const page: readonly Row[] = await rows
      .selectFrom(name)
      .selectAll()
      .$if(after !== undefined, (query) => query.where(key, '>', after ?? null))
      .orderBy(key)
      .limit(PAGE_ROWS)
      .execute();
    if (page.length > 0) yield page;
    last = page.at(-1);
    if (page.length < PAGE_ROWS) return;
  }
}

/** A server takes 16 MiB at once unless told, and a letter may be large. */
const PACKET_CHARACTERS = 1_000_000;

function inPackets(page: readonly Row[]): Row[][] {
  const packets: Row[][] = [];
  let room = 0;
  for (const row of page) {
    const size = JSON.stringify(row).length;
    if (size > room || packets.length === 0) {
      packets.push([]);
      room = PACKET_CHARACTERS;
    }
    packets.at(-1)?.push(row);
    room -= size;
  }
  return packets;
}

async function sumOf(rows: Rows, name: string, key: string): Promise<Omit<MovedTable, 'name'>> {
  const sum = new Sum();
  for await (const page of pagesOf(rows, name, key)) for (const row of page) sum.add(row);
  return { rows: sum.rows, sha256: sum.sha256 };
}

/** The rows' hashes added up, because two databases need not put the same texts into the same order. */
class Sum {
  rows = 0;
  #sum = 0n;

  add(row: Row): void {
    this.rows++;
    const columns = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
    const hash = createHash('sha256').update(JSON.stringify(columns)).digest('hex');
    this.#sum = BigInt.asUintN(256, this.#sum + BigInt(`0x${hash}`));
  }

  get sha256(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}
