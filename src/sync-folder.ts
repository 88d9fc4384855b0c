/** Brings a folder itself to the disk: a new name in it, and one that is gone, outlive a power cut from then on. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** What a file system says of this that knows no such thing, as some network ones: they keep names in their own way. */
const UNKNOWN_TO_IT: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP']);

/** Rejects with what the disk has said. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    if (!UNKNOWN_TO_IT.has((error as NodeJS.ErrnoException).code)) throw error;
  } finally {
    await handle.close();
  }
}
