/** Which blocks give way to somebody who is let in: those that Tollgate made by itself, never a person's. */
import { isAutomatic, type Entry } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { Records } from '../../domain/store';

/** Each once, also when it covers several of them. */
export async function automaticBlocksOver(
  records: Pick<Records, 'liveEntriesCovering'>,
  networks: readonly Network[],
  now: Date,
): Promise<readonly Entry[]> {
  const blocks = new Map<number, Entry>();
  for (const network of networks) {
    for (const entry of await records.liveEntriesCovering(network, now)) {
      if (isAutomatic(entry)) blocks.set(entry.id, entry);
    }
  }
  return [...blocks.values()];
}
