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
  for (;;) {
    const start = await startOf(db);
    const result = await checkFrom(db, start);
    // Old lines that are forgotten meanwhile are missed, but are not missing.
    if (result.kind === 'unbroken' || (await startOf(db)).id === start.id) return result;
  }
}

/** What the first line that is kept follows. */
interface Start extends Walked {
  readonly until: number | null;
}

async function startOf(db: Kysely<Schema>): Promise<Start> {
  const head = await readHead(db);
  const { forgotten_line: id, forgotten_hash: hash, forgotten_lines: lines, forgotten_until: until } = head ?? {};
  return { id: id ?? 0, hash: hash ?? NO_HASH, lines: lines ?? 0, until: until ?? null };
}

async function checkFrom(db: Kysely<Schema>, start: Start): Promise<JournalCheck> {
  let walked: Walked = start;
  const broken = (line: number, why: string): Broken => {
    return { kind: 'broken', lines: walked.lines - start.lines, line, why };
  };
  const older = await firstAfter(db, 0);
  if (older !== undefined && older <= start.id) return broken(older, 'it was added by somebody else');
  for (;;) {
    const head = await readHead(db);
    if (!head) return broken(walked.id + 1, 'the head that remembers the newest line is gone');
    const result = await walk(db, walked, head.last_line);
    walked = result.walked;
    if (result.misfit !== undefined) return broken(result.misfit, whyNot(walked, result.misfit));
    if (walked.hash !== head.hash || walked.lines !== head.lines) {
      return broken(head.last_line, `the newest lines are missing: there were ${head.lines}`);
    }
    const beyond = await firstAfter(db, walked.id);
    if (beyond === undefined) return unbroken(walked, start);
    const now = await readHead(db);
    if (now?.hash === head.hash) return broken(beyond, 'it was added by somebody else');
  }
}

function unbroken({ lines, hash }: Walked, start: Start): JournalCheck {
  const forgotten = start.until ? { forgotten: { lines: start.lines, until: new Date(start.until) } } : {};
  return { kind: 'unbroken', lines: lines - start.lines, head: hash, ...forgotten };
}

/** As far as lines fit; `misfit`: the first that does not. */
async function walk(db: Kysely<Schema>, from: Walked, last: number): Promise<{ walked: Walked; misfit?: number }> {
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
      if (hash !== row.hash) return { walked, misfit: row.id };
      walked = { id: row.id, hash, lines: walked.lines + 1 };
    }
    if (rows.length < AT_ONCE) return { walked };
  }
}

function whyNot(walked: Walked, id: number): string {
  if (id === walked.id + 1) return 'it is not as it was written, or not where it was';
  return `it does not follow line ${walked.id}: what was between them is gone`;
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
