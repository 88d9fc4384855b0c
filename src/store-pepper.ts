/** tollgate store pepper: is this machine's pepper the one that the store's PINs are kept with, and from now on it is. */
import { randomBytes } from 'node:crypto';
import type { PepperAsked, PepperShape } from './cli/store';
import type { Config } from './config';
import { AppError } from './errors';
import { markPepper } from './gate/travellers/pepper';
import { pinVault } from './gate/travellers/pin-vault';
import type { Clock } from './ports';
import { ownerOf, readPepper, stateFolder } from './state-folder';
import { lockState } from './store/lock';
import { openStore } from './store/open';
import { storeOptions } from './tollgate';

/** Changes the store only with `ours`. Rejects with LOCKED while the daemon runs. */
export async function storePepper(
  config: Config,
  { ours = false, dryRun = false, by }: PepperAsked,
  clock: Clock,
): Promise<PepperShape> {
  const state = stateFolder(config.store.state);
  const vault = pinVault(readPepper(state), randomBytes);
  const lock = lockState(state.lock, ownerOf(state));
  if (!lock) {
    throw new AppError('LOCKED', `a Tollgate works in ${state.folder}`, 'stop it first: systemctl stop tollgate');
  }
  try {
    const store = await openStore(storeOptions(config, state, clock));
    try {
      const there = await store.pepperMark();
      const changes = ours && there?.mark !== vault.mark;
      if (changes && !dryRun) await markPepper({ store, clock, vault }, by);
      return {
        file: state.pepper,
        ours: there === undefined || there.mark === vault.mark,
        pbx: there?.pbx ?? null,
        since: there?.at.toISOString() ?? null,
        changed: changes,
      };
    } finally {
      await store.close();
    }
  } finally {
    lock.release();
  }
}
