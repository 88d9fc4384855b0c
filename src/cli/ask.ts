/** Asks a person, and reads the line that he types. */
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../errors';

/** Rejects with MISUSED when the terminal goes away, or on Ctrl-C. */
export async function ask(keyboard: Readable, screen: Writable, question: string): Promise<string> {
  const reader = createInterface({ input: keyboard, output: screen });
  const gone = new AbortController();
  reader.once('close', () => gone.abort()).once('SIGINT', () => gone.abort());
  try {
    return await reader.question(question, { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    throw new AppError('MISUSED', 'nothing was answered', 'type the command again; nothing was changed', error);
  } finally {
    reader.close();
  }
}
