/** Every line of the journal keeps a hash over itself and the line before it, so that none can be changed alone. */
import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { JournalRow } from './schema';

/** In front of the first line. */
export const NO_HASH = '';

/**
 * SHA-256 in hex over the hash before and every column, written as one JSON list: no two lines that differ are written
 * alike. A line that names no PBX is hashed as before there was that column. What changes here breaks every journal.
 */
export function hashOf(before: string, row: Omit<Selectable<JournalRow>, 'hash'>): string {
  const { id, happened_at, action, done_by, what, done_from, why, entry, previous, pbx } = row;
  const columns = [before, id, happened_at, action, done_by, what, done_from, why, entry, previous];
  const named = pbx ? [...columns, pbx] : columns;
  return createHash('sha256').update(JSON.stringify(named)).digest('hex');
}

/** As a database gives it back: half of a surrogate pair cannot be written as UTF-8, and would come back as another text. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
