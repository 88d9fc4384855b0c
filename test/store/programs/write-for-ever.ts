/** Writes journal lines to the database named by its argument, two to a transaction, and prints the number of each that is committed. */
import { clock } from '../../../src/clock';
import { openStore } from '../../../src/store/open';

async function main(): Promise<void> {
  const store = await openStore({ kind: 'sqlite', file: process.argv[2] ?? '', clock });
  for (;;) {
    const { id } = await store.transaction(async (records) => {
      const line = { action: 'allow', by: 'x', what: 'x', from: undefined, why: 'x' } as const;
      const first = await records.addJournal({ ...line, entry: undefined, before: undefined }, clock.now());
      await records.addJournal({ ...line, entry: first.id, before: undefined }, clock.now());
      return first;
    });
    process.stdout.write(`${id}\n`);
  }
}
void main();
