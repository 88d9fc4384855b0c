/** The store on SQLite. On MariaDB the same suite runs in test/live. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { openStore } from '../../src/store/open';
import { storeContract } from './store-contract';

describe('a store on SQLite', () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  storeContract(() => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'));
    folders.push(folder);
    return Promise.resolve({ open: () => openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock }) });
  });
});
