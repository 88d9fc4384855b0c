/** Fills the small disk named by its argument from inside a transaction, makes room, goes on, and prints what it saw as JSON. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clock } from '../../../src/clock';
import { openStore } from '../../../src/store/open';

const LINE = { action: 'allow', by: 'x', what: 'x', from: undefined, entry: undefined, before: undefined } as const;

async function main(folder: string): Promise<void> {
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock });
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(300_000));
  const write = (why: string) => store.transaction((records) => records.addJournal({ ...LINE, why }, clock.now()));
  const said = await store
    .transaction(async (records) => {
      for (;;) await records.addJournal({ ...LINE, why: 'x'.repeat(50_000) }, clock.now());
    })
    .catch((error: unknown) => String(error));
  const half = (await store.journalAfter(0, 1000)).length;
  rmSync(join(folder, 'ballast'));
  await write('room again');
  const afterwards = (await store.journalAfter(0, 1000)).length;
  await store.close();
  console.log(JSON.stringify({ said, half, afterwards }));
}
void main(process.argv[2] ?? '');
