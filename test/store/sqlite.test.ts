/** SQLite in trouble: what people are told, and what is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { clock } from '../../src/clock';
import type { Store } from '../../src/domain/store';
import { run } from '../../src/run';
import { openStore } from '../../src/store/open';
import type { WriteAheadLog } from '../../src/store/write-ahead-log';
import { storeFault } from '../../src/store/store-fault';
import { describeAsRoot } from '../support/as-root';

const LINE = { action: 'allow', by: 'root', what: 'x', from: undefined, why: 'x', entry: undefined } as const;
const NOW = new Date('2030-06-01T12:00:00Z');
const NOBODY = { uid: 65534, gid: 65534 };

let folder: string;
let file: string;
const open = (more: { owner?: typeof NOBODY; busyMs?: number; log?: WriteAheadLog } = {}) =>
  openStore({ kind: 'sqlite', file, clock, ...more });
const write = (store: Store) => store.addJournal({ ...LINE, before: undefined }, NOW);
const lines = async (store: Store) => (await store.journalAfter(0, 1e6)).length;
const saying = (text: RegExp, code = 'STORE_FAILED') => ({ code, message: expect.stringMatching(text) as string });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-sqlite-'));
  chmodSync(folder, 0o755);
  file = join(folder, 'tollgate.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a transaction lets the event loop have its turn before each statement, and keeps the others out all the same', async () => {
  const store = await open();
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const ids: number[] = [];
  const ten = () =>
    store.transaction(async (records) => {
      for (let n = 0; n < 10; n++) ids.push((await records.addJournal({ ...LINE, before: undefined }, NOW)).id);
    });
  await Promise.all([ten(), ten()]);
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(2 * 10 * 3); // each line reads the head, is added, and becomes the head
  expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(await lines(store)).toBe(20);
  await store.close();
});

it('is closed behind whoever is in the middle of a question', async () => {
  const store = await open();
  const asked = lines(store);
  await Promise.resolve();
  await store.close();
  expect(await asked).toBe(0);
});

describe('what is committed', () => {
  const disk = () => {
    const synced: (() => void)[] = [];
    let fault: Error | undefined;
    const sync = () => (fault ? Promise.reject(fault) : new Promise<void>((done) => synced.push(done)));
    const log = { sync, close: () => Promise.resolve() };
    return { log, answer: () => synced.splice(0).forEach((done) => done()), fail: () => (fault = new Error('EIO')) };
  };
  const opened = async ({ log, answer }: ReturnType<typeof disk>) => {
    const answering = setInterval(answer, 1);
    const store = await open({ log });
    clearInterval(answering);
    return store;
  };

  it('is told to nobody before it is on the disk, whether one statement or many', async () => {
    const slow = disk();
    const store = await opened(slow);
    for (const work of [() => write(store), () => store.removeAccount('12')]) {
      let isTold = false;
      const told = work().then(() => (isTold = true));
      await clock.sleep(50);
      expect(isTold).toBe(false);
      slow.answer();
      await told;
    }
    await store.close();
  });

  it('is left to what is committed next when it stands for nothing by itself', async () => {
    const slow = disk();
    const store = await opened(slow);
    await store.transaction((records) => records.removeAccount('12'), { onDisk: false });
    let isTold = false;
    const told = store.transaction((records) => records.removeAccount('12')).then(() => (isTold = true));
    await clock.sleep(50);
    expect(isTold).toBe(false);
    slow.answer();
    await told;
    await store.close();
  });

  it('is told as a fault of the store when the disk refuses it', async () => {
    const bad = disk();
    const store = await opened(bad);
    bad.fail();
    await expect(write(store)).rejects.toMatchObject(saying(/EIO/));
    await store.close();
  });
});

describe('a store that cannot be opened says why', () => {
  it('when its folder is missing', async () => {
    file = join(folder, 'absent', 'tollgate.db');
    await expect(open()).rejects.toMatchObject(
      saying(/the database .*absent\/tollgate.db: .*no such file[^]*tollgate init/),
    );
  });
  it('when a folder has its name', async () => {
    mkdirSync(file);
    await expect(open()).rejects.toMatchObject(saying(/unable to open database file[^]*→ is its folder there/));
  });
  it('when it is no database', async () => {
    writeFileSync(file, 'Dear diary, '.repeat(1000));
    await expect(open()).rejects.toMatchObject(saying(/not a database[^]*→ the file is damaged.*backup/));
    expect(readFileSync(file, 'utf8')).toMatch(/^Dear diary, Dear diary/);
  });
  it("when it is another program's database, and leaves that as it is", async () => {
    new Database(file).exec('CREATE TABLE astdb (key, value)').close();
    await expect(open()).rejects.toMatchObject(saying(/belongs to something else: it holds "astdb"[^]*of its own/));
    const other = new Database(file);
    expect(other.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'astdb' }]);
    other.close();
  });
  it('when a newer program has written it', async () => {
    await (await open()).close();
    const db = new Database(file);
    db.exec("INSERT INTO tollgate_migration VALUES ('0099-from-the-future', '2040-01-01T00:00:00.000Z')").close();
    await expect(open()).rejects.toMatchObject(
      saying(/newer Tollgate[^]*0099-from-the-future[^]*→ install/, 'STORE_NEWER'),
    );
  });
  it('when another program holds it, and opens it afterwards', async () => {
    await (await open()).close();
    const other = new Database(file);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('BEGIN EXCLUSIVE');
    await expect(open({ busyMs: 100 })).rejects.toMatchObject(saying(/database is locked[^]*→ another program holds/));
    other.close();
    await (await open()).close();
  });
  it('when it is damaged inside', async () => {
    const store = await open();
    for (let i = 0; i < 50; i++) await write(store);
    await store.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 4096));
    await expect(open()).rejects.toMatchObject(saying(/malformed[^]*→ the file is damaged/));
  });
});

describe('a store whose file another program has locked', () => {
  it('waits for it, and lets the rest of the process go on meanwhile', async () => {
    const store = await open();
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    let beats = 0;
    const heart = setInterval(() => {
      if (++beats === 5) other.exec('COMMIT');
    }, 20);
    await write(store).finally(() => clearInterval(heart));
    expect(beats).toBeGreaterThanOrEqual(5);
    other.close();
    await store.close();
  });
  it('gives up in time, changes nothing, and works again afterwards', async () => {
    const store = await open({ busyMs: 200 });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    const locked = saying(/database is locked[^]*nothing was changed/);
    await expect(write(store)).rejects.toMatchObject(locked);
    await expect(store.transaction(write as never)).rejects.toMatchObject(locked);
    other.exec('ROLLBACK');
    expect(await lines(store)).toBe(0);
    await store.transaction(write as never);
    expect(await lines(store)).toBe(1);
    other.close();
    await store.close();
  });
});

describe('a store', () => {
  it('that is used from inside its own transaction ends that with an error instead of hanging', async () => {
    const store = await open({ busyMs: 100 });
    await expect(store.transaction(() => store.liveEntries(NOW))).rejects.toMatchObject(saying(/busy for 100 ms/));
    await write(store);
    expect(await lines(store)).toBe(1);
    await store.close();
  });
  it('that is closed while a transaction runs lets it end', async () => {
    const store = await open();
    const written = store.transaction(write as never);
    await store.close();
    await written;
    const again = await open();
    expect(await lines(again)).toBe(1);
    await again.close();
  });
  it('keeps what it has acknowledged, and no half of anything, when the process is killed', async () => {
    for (let round = 0; round < 3; round++) {
      const acknowledged = await writeAndKill(20 + round * 17);
      const db = new Database(file);
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      const [seen] = db.prepare('SELECT count(*) n, count(entry) half, max(id) last FROM journal').all();
      const { n, half, last } = seen as { n: number; half: number; last: number };
      expect(n).toBe(half * 2);
      expect(last).toBeGreaterThan(acknowledged);
      db.close();
    }
  });
  it('is in write-ahead mode with full sync', async () => {
    const store = await open();
    await write(store);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    await store.close();
    expect(readFileSync(file).subarray(18, 20)).toEqual(Buffer.from([2, 2]));
  });
  it.each([0, 0o777])('makes files for its owner alone under umask %o', async (mask) => {
    const umask = process.umask(mask);
    try {
      const store = await open();
      await write(store);
      for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(name).mode & 0o777).toBe(0o600);
      await store.close();
    } finally {
      process.umask(umask);
    }
  });
});

describeAsRoot('between root and the service', () => {
  const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
    process.seteuid?.(NOBODY.uid);
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
    }
  };
  const files = () => [file, `${file}-wal`, `${file}-shm`];

  it("what root makes is the service's user's, also what it makes later", async () => {
    for (const owner of [NOBODY, undefined]) {
      const store = await open(owner && { owner });
      await write(store);
      for (const name of files()) expect(statSync(name)).toMatchObject(NOBODY);
      await store.close();
    }
  });
  it('both write, in turn and at once', async () => {
    const root = await open({ owner: NOBODY });
    await write(root);
    chmodSync(folder, 0o777);
    await asNobody(async () => {
      const service = await open();
      await write(service);
      expect(await lines(service)).toBe(2);
      await service.close();
    });
    await write(root);
    await root.close();
    await asNobody(async () => {
      const service = await open();
      expect(await lines(service)).toBe(3);
      await service.close();
    });
  });
  it('a file that is there is never given away', async () => {
    writeFileSync(file, '');
    await (await open({ owner: NOBODY })).close();
    expect(statSync(file).uid).toBe(0);
  });
  it('a user who may not read it is told so', async () => {
    await (await open()).close();
    await expect(asNobody(open)).rejects.toMatchObject(saying(/unable to open database file[^]*→ .*may this user/));
  });
  it('a user who may only read it is told so', async () => {
    await (await open()).close();
    chmodSync(file, 0o644);
    const failed = asNobody(async () => write(await open()));
    await expect(failed).rejects.toMatchObject(saying(/readonly database|unable to open[^]*→ .*this user/));
  });
});

describeAsRoot('a disk that is full', () => {
  it('is told, nothing is half written, and with room again all works', async () => {
    const program = [process.execPath, '-r', join(__dirname, '../support/typescript.js')];
    const script = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"';
    const fill = [...program, join(__dirname, 'programs/fill-disk.ts'), folder];
    const said = await run('unshare', ['--mount', 'sh', '-c', script, 'sh', folder, ...fill]);
    expect(JSON.parse(said)).toEqual({
      said: expect.stringMatching(/SQLITE_FULL[^]*→ the disk is full: make room; nothing was changed/) as string,
      half: 0,
      afterwards: 1,
    });
  });
});

describe('faults', () => {
  it('of a full disk say that nothing was changed', () => {
    const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    expect(storeFault(full, 'the database x')).toMatchObject(
      saying(/the database x: .*full[^]*→ .*make room; nothing was changed/),
    );
  });
  it('of ours stay what they are', () => {
    for (const bug of [new TypeError('no'), new RangeError('no'), 'text', undefined])
      expect(storeFault(bug, 'x')).toBe(bug);
  });
});

/** Kills the writer after so many acknowledgements; resolves to the last one. */
async function writeAndKill(acknowledgements: number): Promise<number> {
  const args = ['-r', join(__dirname, '../support/typescript.js'), join(__dirname, 'programs/write-for-ever.ts'), file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    if (said.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return Number(said.split('\n').at(-2));
}
