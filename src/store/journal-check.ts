/** Walks the whole journal: is every line as it was written, and is none missing? */
import type { Kysely } from 'kysely';
import type { JournalCheck } from '../domain/journal';
import { hashOf, NO_HASH } from './journal-chain';
import type { Schema } from './schema';

/** The newest line that fits, and how many do. */
interface Walked {
  readonly id: number;
  readonly hash: string;
  readonly lines: number;
}
type Broken = Extract<JournalCheck, { kind: 'broken' }>;

const AT_ONCE = 1000;

/** Goes on while lines are being added. What the chain cannot show is said in SECURITY.md. */
export async function checkJournal(db: Kysely<Schema>): Promise<JournalCheck> {
  let walked: Walked = { id: 0, hash: NO_HASH, lines: 0 };
  for (;;) {
    const head = await readHead(db);
    if (!head) return broken(walked, walked.id + 1, 'the head that remembers the newest line is gone');
    const result = await walk(db, walked, head.last_line);
    if ('kind' in result) return result;
    walked = result;
    if (walked.hash !== head.hash || walked.lines !== head.lines) {
      return broken(walked, head.last_line, `the newest lines are missing: there were ${head.lines}`);
    }
    const beyond = await firstAfter(db, walked.id);
    if (beyond === undefined) return { kind: 'unbroken', lines: walked.lines, head: walked.hash };
    const now = await readHead(db);
    if (now?.hash === head.hash) return broken(walked, beyond, 'it was added by somebody else');
  }
}

async function walk(db: Kysely<Schema>, from: Walked, last: number): Promise<Walked | Broken> {
  let walked = from;
  for (;;) {
    const rows = await db
      .selectFrom('journal')
      .selectAll()
      .where('id', '>', walked.id)
      .where('id', '<=', last)
      .orderBy('id')
      .limit(AT_ONCE)
      .execute();
    for (const row of rows) {
      const hash = hashOf(walked.hash, row);
      if (hash !== row.hash) return broken(walked, row.id, whyNot(walked, row.id));
      walked = { id: row.id, hash, lines: walked.lines + 1 };
    }
    if (rows.length < AT_ONCE) return walked;
  }
}

function whyNot(walked: Walked, id: number): string {
  if (id === walked.id + 1) return 'it is not as it was written, or not where it was';
  return `it does not follow line ${walked.id}: what was between them is gone`;
}

function broken(walked: Walked, line: number, why: string): Broken {
  return { kind: 'broken', lines: walked.lines, line, why };
}

function readHead(db: Kysely<Schema>) {
  return db.selectFrom('journal_head').selectAll().where('id', '=', 1).executeTakeFirst();
}

async function firstAfter(db: Kysely<Schema>, id: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('journal')
    .select('id')
    .where('id', '>', id)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}
