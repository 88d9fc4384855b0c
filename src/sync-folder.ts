/** Brings a folder itself to the disk: a new name in it, and one that is gone, outlive a power cut from then on. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Rejects with what the disk has said. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
