/** Statements whose words are made once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import type { Action } from '../../src/domain/journal';
import type { OpenDatabase } from '../../src/store/database';
import { openStore } from '../../src/store/open';
import type { Session } from '../../src/store/session';
import { openSqlite } from '../../src/store/sqlite';
import { insert, statement } from '../../src/store/statement';

const action: Action = 'allow';
const LINE = {
  ...{ happened_at: 0, action, done_by: 'root', what: '192.0.2.1', done_from: null },
  ...{ why: 'because', entry: null, previous: null, hash: '', pbx: '' },
};

let folder: string;
let database: OpenDatabase;
let session: Session;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-statement-'));
  const file = join(folder, 'tollgate.db');
  await (await openStore({ kind: 'sqlite', file, clock })).close();
  database = openSqlite({ kind: 'sqlite', file, clock });
  session = {
    ...{ db: database.db, locksRows: false, pbx: '', shared: false, words: new Map() },
    ...{ atomically: (work) => work(session), changed: () => undefined },
  };
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

it('is worded once, and answers for whatever values it is asked with', async () => {
  const worded: number[] = [];
  const linesOf = statement(({ db }, who: string, ...ids: readonly number[]) => {
    worded.push(ids.length);
    return db.selectFrom('journal').select('id').where('done_by', '=', who).where('id', 'in', ids).orderBy('id');
  });
  for (const done_by of ['ann', 'bob', 'ann']) await insert(session, 'journal', { ...LINE, done_by });
  const ask = async (who: string, ...ids: number[]) => (await linesOf(session, who, ...ids)).rows.map(({ id }) => id);
  expect(await ask('ann', 1, 2)).toEqual([1]);
  expect(await ask('bob', 2, 3)).toEqual([2]);
  expect(await ask('ann', 1, 2, 3)).toEqual([1, 3]);
  expect(await ask('ann', 3, 2, 2)).toEqual([3]);
  expect(worded).toEqual([2, 3]);
});

it('adds rows one after another, each with its own values, and tells their numbers', async () => {
  const added = [
    await insert(session, 'journal', LINE),
    await insert(session, 'journal', { ...LINE, entry: 7, done_from: 'a command' }),
    await insert(session, 'journal', { ...LINE, what: "'; DROP TABLE journal --" }),
  ];
  expect(added).toEqual([1, 2, 3]);
  const rows = await database.db.selectFrom('journal').select(['entry', 'done_from', 'what']).orderBy('id').execute();
  expect(rows).toEqual([
    { entry: null, done_from: null, what: '192.0.2.1' },
    { entry: 7, done_from: 'a command', what: '192.0.2.1' },
    { entry: null, done_from: null, what: "'; DROP TABLE journal --" },
  ]);
});

it('columns in another order are other words', async () => {
  const { what, why, ...rest } = LINE;
  await insert(session, 'journal', { ...rest, what, why });
  await insert(session, 'journal', { ...rest, why, what });
  const rows = await database.db.selectFrom('journal').select(['what', 'why']).execute();
  expect(rows).toEqual([
    { what, why },
    { what, why },
  ]);
});
