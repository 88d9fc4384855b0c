/** The outbox's part of the store, in memory: it outlives an Outbox, as a database does. */
import type { QueuedLetter } from '../../src/domain/letter';
import type { Records } from '../../src/domain/store';

export type Letters = Pick<Records, 'queueLetter' | 'dueLetters' | 'letterSent' | 'letterFailed' | 'letterCounts'>;

interface Row extends QueuedLetter {
  readonly due: Date | undefined;
  readonly sentAt: Date | undefined;
  readonly error: string | undefined;
}

export interface MemoryLetters extends Letters {
  row(id: number): Row;
}

export function memoryLetters(): MemoryLetters {
  const rows = new Map<number, Row>();
  const row = (id: number): Row => {
    const found = rows.get(id);
    if (!found) throw new Error(`no letter ${id}`);
    return found;
  };
  const all = () => [...rows.values()];
  const waiting = () => all().filter(({ due }) => due !== undefined);
  return {
    row,
    queueLetter: (letter, messageId, at) => {
      const queued = { ...letter, id: rows.size + 1, messageId, queuedAt: at, tries: 0 };
      rows.set(queued.id, { ...queued, due: at, sentAt: undefined, error: undefined });
      return Promise.resolve(queued);
    },
    dueLetters: (now, limit) =>
      Promise.resolve(
        waiting()
          .filter(({ due }) => due !== undefined && due <= now)
          .slice(0, limit),
      ),
    letterSent: (id, at) => {
      rows.set(id, { ...row(id), due: undefined, sentAt: at });
      return Promise.resolve();
    },
    letterFailed: (id, error, nextTry) => {
      rows.set(id, { ...row(id), due: nextTry, error, tries: row(id).tries + 1 });
      return Promise.resolve();
    },
    letterCounts: () => {
      const sent = all().filter(({ sentAt }) => sentAt).length;
      const failed = rows.size - sent - waiting().length;
      const lastError = all().findLast(({ error }) => error !== undefined)?.error;
      return Promise.resolve({ waiting: waiting().length, failed, sent, lastError });
    },
  };
}
