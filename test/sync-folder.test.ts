/** A folder's names on the disk: file systems are not all alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syncFolder } from '../src/sync-folder';

it('is done in a folder of a disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-sync-'));
  await expect(syncFolder(folder)).resolves.toBeUndefined();
  await rm(folder, { recursive: true });
  await expect(syncFolder(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('is nothing where the file system knows no such thing, as some network ones', async () => {
  await expect(syncFolder('/proc')).resolves.toBeUndefined();
});
