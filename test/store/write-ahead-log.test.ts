import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAheadLog } from '../../src/store/write-ahead-log';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tollgate-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('a log that is there is brought to the disk, as often as asked', async () => {
  const log = writeAheadLog(join(folder, 'a.db'));
  writeFileSync(join(folder, 'a.db-wal'), 'frames');
  await log.sync();
  await log.sync();
  await log.close();
});

it('a log that could not be brought there once is never said to be', async () => {
  const log = writeAheadLog(join(folder, 'a.db'));
  await expect(log.sync()).rejects.toThrow('ENOENT');
  writeFileSync(join(folder, 'a.db-wal'), 'frames');
  await expect(log.sync()).rejects.toThrow('ENOENT');
  await log.close();
});
