/** Where queries run: on the store itself, or inside one of its transactions. */
import type { Kysely } from 'kysely';
import type { Schema } from './schema';
import type { Words } from './statement';

/** The number of an entry, or the admin's word on countries and ranges. */
export type Changed = number | 'countries';

export interface Session {
  readonly db: Kysely<Schema>;
  /** Inside a transaction of a server with other writers: what is read and then written must be locked when read. */
  readonly locksRows: boolean;
  /** The name of this PBX. */
  readonly pbx: string;
  /** May other PBXs use the same database? */
  readonly shared: boolean;
  /** Of the statements that were asked before, in sessions with the same `locksRows`. */
  readonly words: Words;
  /** All of it or nothing; inside a transaction, as a part of that one. */
  atomically<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Inside a transaction: this entry, or the word on countries and ranges, has changed, and other PBXs have to know. */
  changed(what: Changed): void;
}
