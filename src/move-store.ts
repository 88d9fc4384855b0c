/** tollgate store move: from the database that the settings name into another, with the daemon stopped. */
import { resolve } from 'node:path';
import type { MoveAsked, MoveShape } from './cli/store';
import type { Config } from './config';
import { AppError } from './errors';
import type { Clock } from './ports';
import { ownerOf, stateFolder, type StateFolder } from './state-folder';
import { lockState } from './store/lock';
import { moveStore } from './store/move';
import type { StoreOptions } from './store/open';
import { pbxNameOf } from './settings';
import { storeOptions } from './tollgate';

/** One packet of a large store may take its time. */
const DEADLINE_MS = 60_000;

/** Rejects with LOCKED while the daemon runs, else as `moveStore` does. */
export async function move(config: Config, { to, dryRun = false }: MoveAsked, clock: Clock): Promise<MoveShape> {
  const state = stateFolder(config.store.state);
  const lock = lockState(state.lock, ownerOf(state));
  if (!lock) {
    throw new AppError('LOCKED', `a Tollgate works in ${state.folder}`, 'stop it first: systemctl stop tollgate');
  }
  try {
    const moved = await moveStore(
      withTime(storeOptions(config, state, clock)),
      target(to, state, clock, pbxNameOf(config)),
      { dryRun },
    );
    return { ...moved, next: nextSteps(to, state) };
  } finally {
    lock.release();
  }
}

function isUrl(to: string): boolean {
  return /^(?:mysql|mariadb):\/\//.test(to);
}

function target(to: string, state: StateFolder, clock: Clock, pbx: string): StoreOptions {
  if (isUrl(to)) return withTime({ kind: 'mariadb', url: to, clock, pbx });
  const owner = ownerOf(state);
  return { kind: 'sqlite', file: resolve(to), clock, pbx, ...(owner && { owner }) };
}

function withTime(options: StoreOptions): StoreOptions {
  return options.kind === 'mariadb' ? { ...options, deadlineMs: DEADLINE_MS } : options;
}

/** Never the address itself: it holds a password. */
function nextSteps(to: string, { database, pepper }: StateFolder): string[] {
  const setting = 'database in [store] of the settings (or TOLLGATE_DATABASE)';
  const elsewhere = resolve(to) === database ? [] : [`mv ${resolve(to)} ${database}, where SQLite is looked for`];
  const steps = isUrl(to) ? [`set ${setting} to the address that you gave`] : [...elsewhere, `empty ${setting}`];
  const others = isUrl(to) ? [`copy ${pepper} to every other PBX that is to use it, before that one starts`] : [];
  return [...steps, 'systemctl start tollgate', 'tollgate status', ...others];
}
