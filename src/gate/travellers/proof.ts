/** A good password from an open address proves that it belongs to the account that opened it. */
import type { Entry } from '../../domain/entry';
import type { Proof } from '../../domain/phones';
import { write } from '../announce';
import type { Parts } from '../parts';

/** A phone registers every few minutes; the store need not hear of each. */
const AGAIN_AFTER_MS = 3600 * 1000;

export async function recordProof(parts: Parts, { extension, address }: Proof): Promise<void> {
  const { store, clock } = parts;
  const now = clock.now();
  for (const entry of await store.liveEntriesCovering(address, now)) {
    const account = entry.account === undefined ? undefined : await store.account(entry.account);
    if (!account?.extensions.includes(extension) || !isNews(entry, now)) continue;
    await store.transaction(async (records) => {
      await records.changeEntry(entry.id, { provedAt: now });
      if (entry.provedAt) return;
      const why = `Extension ${extension} of account ${account.number} registered with its password.`;
      await write(parts, records, {
        action: 'prove',
        by: 'Asterisk',
        what: address,
        from: undefined,
        why,
        entry: entry.id,
      });
    });
  }
}

function isNews({ provedAt }: Entry, now: Date): boolean {
  return provedAt === undefined || now.getTime() - provedAt.getTime() > AGAIN_AFTER_MS;
}
