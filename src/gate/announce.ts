/** The journal's lines and the mails that go with a change, written in the same transaction as the change. */
import type { Account } from '../domain/account';
import type { Entry } from '../domain/entry';
import type { NewJournalLine } from '../domain/journal';
import type { Notice } from '../domain/letter';
import type { Records } from '../domain/store';
import type { Parts } from './parts';

type Line = Pick<NewJournalLine, 'action' | 'by' | 'what' | 'from' | 'why'> & Partial<NewJournalLine>;

export async function write(parts: Pick<Parts, 'clock'>, records: Records, line: Line): Promise<number> {
  const written = await records.addJournal({ entry: undefined, before: undefined, ...line }, parts.clock.now());
  return written.id;
}

export async function tell(parts: Pick<Parts, 'clock' | 'post'>, records: Records, notice: Notice): Promise<void> {
  for (const letter of parts.post.lettersFor(notice)) {
    await records.queueLetter(letter, parts.post.newMessageId(), parts.clock.now());
  }
}

/** Tells every account that had opened one of these entries who closed them. `removed`: one that is no longer on file. */
export async function tellOwners(
  parts: Pick<Parts, 'clock' | 'post'>,
  records: Records,
  closed: readonly Entry[],
  { by, why }: { readonly by: string; readonly why: string },
  removed?: Account,
): Promise<void> {
  for (const number of new Set(closed.flatMap((entry) => entry.account ?? []))) {
    const account = removed?.number === number ? removed : await records.account(number);
    const entries = closed.filter((entry) => entry.account === number);
    if (account) await tell(parts, records, { kind: 'revoked', account, entries, by, why });
  }
}
