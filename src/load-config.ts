/** Finds and reads the settings file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, type Config, type Environment } from './config';
import { AppError } from './errors';
import { PACKAGE } from './package-folder';

const CONFIG_FILE = '/etc/tollgate/tollgate.toml';

/** Reads the settings. Without a file: defaults, and from a checkout the state lies in `./.tollgate`. */
export function loadConfig(file: string | undefined, environment: Environment): Config {
  const path = file ?? CONFIG_FILE;
  const text = readOrUndefined(path);
  if (text !== undefined) return readConfig(text, environment, path);
  if (file !== undefined)
    throw new AppError('CONFIG_INVALID', `there is no ${file}`, 'name a settings file that exists');
  const isCheckout = readOrUndefined(join(PACKAGE, 'tsconfig.json')) !== undefined;
  const state = isCheckout ? { TOLLGATE_STATE: join(PACKAGE, '.tollgate') } : {};
  return readConfig('', { ...state, ...environment }, path);
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('CONFIG_INVALID', `cannot read ${path}: ${String(error)}`, 'run it as root', error);
  }
}
