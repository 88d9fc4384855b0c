/** One of the two databases, open: what differs between them. */
import type { Kysely } from 'kysely';
import type { Schema } from './schema';
import type { Tables } from './tables';

export interface OpenDatabase {
  readonly db: Kysely<Schema>;
  /** The name of this PBX, and whether other PBXs may use the same database. */
  readonly pbx: string;
  readonly shared: boolean;
  /** Its name for people, without a password. */
  readonly where: string;
  readonly tables: Tables;
  /** Has it other writers, so that a transaction must lock what it reads? */
  readonly locksRows: boolean;
  /** Is this fault gone when the whole transaction is run once more? */
  isPassing(error: unknown): boolean;
  /** Said within a transaction: its commit need not be on the disk before that of the next is. */
  leaveToTheNext(db: Kysely<Schema>): Promise<void>;
  close(): Promise<void>;
}
