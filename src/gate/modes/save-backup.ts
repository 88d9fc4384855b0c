/** Keeps what the firewall is now, before its rules are changed. */
import { isBefore, type OpenEntry } from '../../domain/entry';
import type { Parts } from '../parts';

/**
 * Takes part in a turn of the doors, so that nothing changes meanwhile. `read`: the entries, where they have just been
 * read; there may be a hundred thousand. Rejects with FIREWALL_FAILED.
 */
export async function saveBackup(
  { backups, store, firewall, clock }: Parts,
  why: string,
  read?: readonly OpenEntry[],
): Promise<void> {
  const at = clock.now();
  const open = read?.filter(({ until }) => isBefore(at, until)) ?? (await store.openEntries(at));
  const live = [...open, ...(await store.liveGroups(at))];
  const [state, kernel] = [await store.modeState(), await firewall.snapshot()];
  await backups.save({ at, why, state, open: live.map(({ id, until }) => ({ id, until })), kernel });
}

/** The same where it must go on without: nobody is kept from making the firewall less strict by a full disk. */
export async function tryToSaveBackup(parts: Parts, why: string, read?: readonly OpenEntry[]): Promise<void> {
  await saveBackup(parts, why, read).catch((error: unknown) =>
    parts.log('backup not saved', { why, error: String(error) }),
  );
}
