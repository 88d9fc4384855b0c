/** This machine's own /proc. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { ProcFiles } from './listening';

export const procFiles: ProcFiles = {
  read: (path) => readFile(path, 'utf8'),
  list: (path) => readdir(path),
  link: (path) => readlink(path),
};
