import { mkdtempSync, promises as files, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupFolder } from '../src/backup-folder';
import type { NewBackup } from '../src/domain/backup';

describe('backups on disk', () => {
  let folder: string;
  let logged: string[];
  const open = (keep = 3) =>
    backupFolder({ folder: join(folder, 'backups'), keep, owner: () => undefined, log: (event) => logged.push(event) });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-backups-'));
    logged = [];
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const at = (time: string) => new Date(`2026-11-22T${time}Z`);
  const backup = (time: string, more: Partial<NewBackup> = {}): NewBackup => ({
    ...{ at: at(time), why: 'Before: Mode guard.', open: [] },
    state: { mode: 'watch', trial: undefined, listening: undefined },
    kernel: { iptables: '*filter\n', ip6tables: '', ipset: '' },
    ...more,
  });

  it('are read as they were saved, dates and all', async () => {
    const open1 = [
      { id: 7, until: at('20:00:00.000') },
      { id: 8, until: 'forever' as const },
    ];
    const state = {
      mode: 'guard',
      trial: { mode: 'secure', until: at('13:06:00.000') },
      listening: undefined,
    } as const;
    const saved = backup('13:05:00.250', { state, open: open1 });
    const id = await open().save(saved);
    expect(id).toBe('20261122-130500');
    expect(await open().read(id)).toEqual({ id, ...saved });
  });

  it('are listed newest first, also within one second, and the oldest give way', async () => {
    const backups = open(11);
    for (let i = 0; i < 10; i++) await backups.save(backup('13:05:00.000'));
    await backups.save(backup('13:04:59.000'));
    expect((await backups.list()).map(({ id }) => id.slice(9))).toEqual([
      ...['130500-10', '130500-9', '130500-8', '130500-7', '130500-6', '130500-5', '130500-4', '130500-3'],
      ...['130500-2', '130500', '130459'],
    ]);
    await open(3).save(backup('13:06:00.000'));
    expect((await backups.list()).map(({ id }) => id.slice(9))).toEqual(['130600', '130500-10', '130500-9']);
  });

  it('can be read by their owner and group only', async () => {
    await open().save(backup('13:05:00.000'));
    expect(statSync(join(folder, 'backups/20261122-130500.json.gz')).mode & 0o777).toBe(0o640);
    expect(statSync(join(folder, 'backups')).mode & 0o777).toBe(0o750);
  });

  it('are on the disk by name too before anybody is told of them, with the folder that was made for them', async () => {
    const done = watchFiles();
    await open().save(backup('13:05:00.000'));
    const name = join(folder, 'backups/20261122-130500.json.gz');
    expect(done).toEqual([`synced ${folder}`, `synced ${name}.new`, `named ${name}`, `synced ${folder}/backups`]);
    done.length = 0;
    await open().save(backup('13:06:00.000'));
    expect(done.at(-1)).toBe(`synced ${folder}/backups`);
  });

  it('are left out of the list when they are damaged, and said to be when they are asked for', async () => {
    await open().save(backup('13:05:00.000'));
    writeFileSync(join(folder, 'backups/20261122-130600.json.gz'), 'no gzip');
    expect((await open().list()).map(({ id }) => id)).toEqual(['20261122-130500']);
    expect(logged).toEqual(['backup damaged']);
    await expect(open().read('20261122-130600')).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
  });

  it.each(['../secret', '20261122-130500/../x', '', 'latest'])('are not looked for elsewhere: %j', async (id) => {
    expect(await open().read(id)).toBeUndefined();
  });

  it('leave nothing half behind when there is no room', async () => {
    writeFileSync(join(folder, 'backups'), 'a file where the folder should be');
    await expect(open().save(backup('13:05:00.000'))).rejects.toMatchObject({ code: 'FIREWALL_FAILED' });
    expect(readdirSync(folder)).toEqual(['backups']);
  });
});

/** What is brought to the disk and named from now on, in its order; the files are real. */
function watchFiles(): string[] {
  const done: string[] = [];
  const { open, rename } = files;
  jest.spyOn(files, 'open').mockImplementation(async (path, ...more) => {
    const handle = await open(path, ...more);
    const sync = handle.sync.bind(handle);
    return Object.assign(handle, { sync: () => sync().then(() => void done.push(`synced ${String(path)}`)) });
  });
  jest.spyOn(files, 'rename').mockImplementation(async (from, to) => {
    await rename(from, to);
    done.push(`named ${String(to)}`);
  });
  return done;
}
