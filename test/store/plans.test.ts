/** What a query costs must not grow with years of ended entries: each one is answered from an index. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import { clock } from '../../src/clock';
import { covering, parseNetwork, type Network } from '../../src/domain/network';
import {
  dueRows,
  entriesOn,
  entriesOf,
  liveRows,
  openingRows,
  outlastedRows,
  rowsToWarnOf,
} from '../../src/store/entries';
import { endedBefore } from '../../src/store/forget';
import { endedRows } from '../../src/store/look-back';
import { dueLetterRows } from '../../src/store/letters';
import { openStore } from '../../src/store/open';
import { timedRowsAfter, timelessRowsAfter } from '../../src/store/open-entries';
import { changedRows } from '../../src/store/revision';
import type { Session } from '../../src/store/session';
import { wideRows } from '../../src/store/wide';
import { openSqlite } from '../../src/store/sqlite';

const NOW = new Date('2030-06-01T12:00:00Z');
const [network, v6] = ['192.0.2.1', '2001:db8::1'].map(parseNetwork) as [Network, Network];

const ALONE = { pbx: '', shared: false, words: new Map(), changed: () => undefined };

let folder: string;
let raw: Database.Database;
let session: Session;
let close: () => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-plans-'));
  const file = join(folder, 'tollgate.db');
  await (await openStore({ kind: 'sqlite', file, clock })).close();
  raw = new Database(file);
  const database = openSqlite({ kind: 'sqlite', file, clock });
  session = { db: database.db, locksRows: false, ...ALONE, atomically: (work) => work(session) };
  close = () => database.close();
});
afterAll(async () => {
  raw.close();
  await close();
  rmSync(folder, { recursive: true });
});

function planOf({ sql, parameters }: CompiledQuery): string {
  const rows = raw.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
  return rows.map((row) => row.detail).join('; ');
}

const plans: [name: string, query: (part: Session) => { compile(): CompiledQuery }, plan: RegExp][] = [
  ['what ended long ago', (part) => endedBefore(part, NOW), /INDEX entries_state_until \(state=\? AND until</],
  ['the live entries', (part) => liveRows(part, NOW.getTime()), /INDEX entries_state_until \(state=\?/],
  [
    'a page of the live entries that end',
    (part) => timedRowsAfter(part, { id: 5, until: 7 }, NOW).limit(9),
    /^SEARCH entries USING INDEX entries_state_until \(state=\? AND until>\?\)$/,
  ],
  [
    'a page of the live entries for good',
    (part) => timelessRowsAfter(part, { id: 5, until: null }).limit(9),
    /^SEARCH entries USING INDEX entries_state_until \(state=\? AND until=\? AND rowid>\?\)$/,
  ],
  [
    'the live entries on a network',
    (part) => entriesOn(part, [network], NOW.getTime()),
    /INDEX entries_network_state \(network=\? AND state=\?\)/,
  ],
  [
    'the live entries around an IPv6 address',
    (part) => entriesOn(part, covering(v6), NOW.getTime()),
    /INDEX entries_network_state \(network=\? AND state=\?\)/,
  ],
  ['the wide entries', (part) => wideRows(part, NOW), /INDEX entries_kind_state \(kind=\? AND state=\?\)/],
  [
    'what ended around an address',
    (part) => endedRows(part, v6, NOW),
    /INDEX entries_(network_state \(network=\? AND state=\?\)|state_until \(state=\? AND until>\?\))/,
  ],
  [
    "an account's live entries",
    (part) => entriesOf(part, '12', NOW),
    /INDEX entries_account_state \(account=\? AND state=\?\)/,
  ],
  [
    'the entries whose end has come',
    (part) => dueRows(part, NOW),
    /INDEX entries_state_until \(state=\? AND until<\?\)/,
  ],
  [
    'the leases to warn of',
    (part) => rowsToWarnOf(part, NOW, NOW, 60),
    /INDEX entries_state_until \(state=\? AND until>\? AND until<\?\)/,
  ],
  ['what other PBXs changed', (part) => changedRows(part, 5), /INDEX entries_revision \(revision>\?\)/],
  ['the leases that calls outlast', outlastedRows, /INDEX entries_media_until \(media_until>\?\)/],
  ['the entries left opening', openingRows, /INDEX entries_state_until \(state=\?\)/],
  [
    'the letters that are due',
    (part) => dueLetterRows(part, NOW, 10),
    /INDEX letters_state_next_try_at \(state=\? AND next_try_at<\?\)/,
  ],
];

describe.each(['an empty store', 'a store with 100,000 entries of which few are live'])('in %s', (size) => {
  beforeAll(() => {
    if (size === 'an empty store') return;
    raw.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO entries (kind, what, network, services, account, opened_by, since, until, state)
      SELECT 'allow', 'x', '10.' || (i % 250) || '.' || (i / 250 % 250) || '.1', '["phone"]', i % 500, 'root', i, i + 1,
             iif(i % 1000, 'ended', 'open') FROM n;
      ANALYZE;`);
  });
  it.each(plans)('%s are found by index', (_, query, plan) => {
    const seen = planOf(query(session).compile());
    expect(seen).toMatch(plan);
    expect(seen).not.toMatch(/SCAN/);
  });
});
