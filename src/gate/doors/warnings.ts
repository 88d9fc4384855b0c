/** Who opened a door by telephone is told in time that it will close. */
import { tell } from '../announce';
import type { Parts } from '../parts';

/**
 * Mails everybody whose lease ends soon, once for each lease, also over restarts: the letter is queued in the transaction
 * that remembers it. A lease of less than twice the warning is short by intention.
 */
export async function warnOfEndings(parts: Parts): Promise<void> {
  const { store, clock, rules, post } = parts;
  const { endingWarningSeconds: seconds } = rules;
  const now = clock.now();
  const soon = new Date(now.getTime() + seconds * 1000);
  // Asked first without a transaction: nearly always there is nothing to write.
  if ((await store.leasesToWarnOf(now, soon, 2 * seconds)).length === 0) return;
  await store.transaction(async (records) => {
    for (const entry of await records.leasesToWarnOf(now, soon, 2 * seconds)) {
      await records.changeEntry(entry.id, { warnedAt: now });
      const account = await records.account(entry.account ?? '');
      if (account) await tell(parts, records, { kind: 'ending', account, entry });
    }
  });
  post.poke();
}
