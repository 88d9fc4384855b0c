/** Where this project lies: sounds, dialplan and the lab's own files are read from there, built or not. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function checkout(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = above;
  }
  return folder;
}
