/** The folder of this package: where `sounds`, `dialplan` and `package.json` lie, built (`dist/src`) or not (`src`). */
import { basename, dirname } from 'node:path';

const above = dirname(__dirname);
export const PACKAGE = basename(above) === 'dist' ? dirname(above) : above;
