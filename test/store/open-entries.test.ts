/** The entries that a start reads, over several pages of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { clock } from '../../src/clock';
import type { Store } from '../../src/domain/store';
import { openStore } from '../../src/store/open';
import { net } from '../support/net';

const NOW = new Date('2030-06-01T12:00:00Z');
const after = (ms: number) => new Date(NOW.getTime() + ms);
/** More than two pages of each kind. */
const COUNT = 11_000;

let folder: string;
let store: Store;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-open-'));
  store = await openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const address = (n: number) => net(`20.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
/** The first has address `from`. `until`: as SQL makes it of `i`, in milliseconds. */
function add(count: number, from: number, until: string): void {
  const raw = new Database(join(folder, 'tollgate.db'));
  raw.exec(`
    WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${from + count - 1})
    INSERT INTO entries (kind, what, network, services, opened_by, since, until, state)
    SELECT 'allow', 'x', '20.' || (i >> 16) || '.' || (i >> 8 & 255) || '.' || (i & 255), '["phone"]', 'root', 0, ${until}, 'open' FROM n`);
  raw.close();
}

describe('open entries by the thousand', () => {
  it('are all read, whether they end together, one after the other, or never', async () => {
    add(COUNT, 0, `${NOW.getTime() + 1000}`);
    add(COUNT, COUNT, `${NOW.getTime()} + i`);
    add(COUNT, 2 * COUNT, 'null');
    const live = await store.openEntries(NOW);
    expect(live).toHaveLength(3 * COUNT);
    expect(new Set(live.map(({ network }) => network)).size).toBe(3 * COUNT);
    expect(live.filter(({ until }) => until === 'forever')).toHaveLength(COUNT);
    expect((await store.openEntries(after(1000))).length).toBe(2 * COUNT);
  });

  it('are of one moment, though somebody changes one while they are read', async () => {
    const reading = store.openEntries(NOW);
    const [first] = await store.liveEntriesOn(address(0), NOW);
    await store.changeEntry(first?.id ?? 0, { until: 'forever' });
    const live = await reading;
    expect(live).toHaveLength(3 * COUNT);
    expect(live.filter(({ network }) => network === address(0))).toEqual([
      expect.objectContaining({ until: 'forever' }),
    ]);
  });
});
