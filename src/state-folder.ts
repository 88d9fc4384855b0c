/** Where the state lies, and the one secret that is made once and never changes. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppError } from './errors';
import type { Random } from './ports';

export interface StateFolder {
  readonly folder: string;
  readonly database: string;
  readonly lock: string;
  readonly pepper: string;
  readonly control: string;
  /** What the firewall is after a reboot. */
  readonly boot: string;
  /** The permitted countries then; `restore-firewall.sh` knows it by this name beside `boot`. */
  readonly bootCountries: string;
  readonly backups: string;
  readonly mail: string;
  /** The country tables: the one in force and the two before it. */
  readonly countries: string;
  /** The admin's own recordings. */
  readonly sounds: string;
}

const PEPPER_BYTES = 32;

export function stateFolder(path: string): StateFolder {
  const folder = resolve(path);
  const at = (name: string) => join(folder, name);
  return {
    folder,
    database: at('tollgate.db'),
    lock: at('lock.db'),
    pepper: at('pepper'),
    control: at('control.sock'),
    boot: at('firewall'),
    bootCountries: at('firewall-countries'),
    backups: at('backups'),
    mail: at('mail'),
    countries: at('countries'),
    sounds: at('sounds'),
  };
}

/** The folder's owner is the daemon's user: what root makes in it is given to him. Undefined: there is no folder yet. */
export function ownerOf({ folder }: StateFolder): { readonly uid: number; readonly gid: number } | undefined {
  return existsSync(folder) ? statSync(folder) : undefined;
}

/** Makes the folder and the pepper when they are missing; what is there stays as it is. */
export function prepareState(state: StateFolder, random: Random): void {
  mkdirSync(state.folder, { recursive: true, mode: 0o750 });
  if (existsSync(state.pepper)) return;
  writeFileSync(state.pepper, random(PEPPER_BYTES).toString('base64'), { mode: 0o400, flag: 'wx' });
  chmodSync(state.pepper, 0o400);
  const owner = ownerOf(state);
  if (owner && process.geteuid?.() === 0) chownSync(state.pepper, owner.uid, owner.gid);
}

/** Without the pepper no PIN can be judged: a new one would make every PIN wrong, so it is never made in passing. */
export function readPepper(state: StateFolder): Buffer {
  const pepper = readOrUndefined(state);
  if (pepper && pepper.length >= PEPPER_BYTES) return pepper;
  const what = pepper ? `${state.pepper} is damaged` : `there is no ${state.pepper}`;
  throw new AppError('CONFIG_INVALID', what, pepper ? 'restore it from a backup' : 'run "tollgate init"');
}

function readOrUndefined(state: StateFolder): Buffer | undefined {
  try {
    return Buffer.from(readFileSync(state.pepper, 'utf8'), 'base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('CONFIG_INVALID', `cannot read ${state.pepper}: ${String(error)}`, 'run it as root', error);
  }
}
