/** What is old is forgotten once a day, and never because a clock is wrong. */
import type { Older, Store } from '../../src/domain/store';
import { forgetful, type Forgetful } from '../../src/gate/forgetful';
import type { Parts } from '../../src/gate/parts';

const [MINUTE, DAY] = [60_000, 24 * 3_600_000];
const START = new Date('2030-06-01T12:00:00Z').getTime();

let now: number;
let rows: number[];
let asked: Older[];
let logged: string[];
let desk: Forgetful;

beforeEach(() => {
  [now, rows, asked, logged] = [START, [], [], []];
  const forget: Store['forget'] = (older) => {
    asked.push(older);
    return Promise.resolve(rows.shift() ?? 0);
  };
  desk = forgetful({
    store: { forget },
    clock: { now: () => new Date(now) },
    log: (event: string) => logged.push(event),
    rules: { journalKeepSeconds: (400 * DAY) / 1000 },
  } as unknown as Parts);
});

async function pass(ms: number): Promise<void> {
  for (const end = now + ms; now < end; now += MINUTE) await desk.tick();
}

it('is forgotten a part at a time, once a day', async () => {
  rows = [500, 20, 0];
  await pass(64 * MINUTE);
  expect(asked).toHaveLength(3);
  expect(asked[0]).toEqual({
    journal: new Date(START + 60 * MINUTE - 400 * DAY),
    letters: new Date(START + 60 * MINUTE - 30 * DAY),
  });
  expect(logged).toEqual(['forgotten']);
  await pass(DAY - 5 * MINUTE);
  expect(asked).toHaveLength(3);
  await pass(5 * MINUTE);
  expect(asked).toHaveLength(4);
  expect(logged).toEqual(['forgotten']);
});

it('waits an hour after the start and after each jump of the clock', async () => {
  await pass(59 * MINUTE);
  now += 4000 * DAY;
  await pass(59 * MINUTE);
  now -= 4000 * DAY;
  await pass(59 * MINUTE);
  expect(asked).toEqual([]);
});
