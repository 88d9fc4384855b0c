import Database from 'better-sqlite3';
import { preparedOnce } from '../../src/store/prepared';

it('a statement is understood once, as long as not too many others came after it', () => {
  const database = new Database(':memory:');
  const understood = jest.spyOn(database, 'prepare');
  const kept = preparedOnce(database);
  const other = (n: number) => kept.prepare(`select ${n}`);
  const first = kept.prepare('select 0');
  for (let n = 1; n < 1000; n++) {
    other(n);
    expect(kept.prepare('select 0')).toBe(first);
  }
  expect(understood).toHaveBeenCalledTimes(1000);
  other(1);
  expect(understood).toHaveBeenCalledTimes(1001); // it was forgotten
  database.close();
});

it('sees what has become of the tables since', () => {
  const database = new Database(':memory:');
  const kept = preparedOnce(database);
  kept.prepare('create table a (x)').run([]);
  kept.prepare('insert into a values (1)').run([]);
  expect(kept.prepare('select * from a').all([])).toEqual([{ x: 1 }]);
  kept.prepare('alter table a add column y').run([]);
  expect(kept.prepare('select * from a').all([])).toEqual([{ x: 1, y: null }]);
  database.close();
});
