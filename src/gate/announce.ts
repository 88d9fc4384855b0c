/** The journal's lines and the mails that go with a change, written in the same transaction as the change. */
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
