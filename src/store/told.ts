/** What people were told already. */
import { createHash } from 'node:crypto';
import type { Records } from '../domain/store';
import { toColumn } from './columns';
import type { Session } from './session';

type ToldRecords = Pick<Records, 'untold' | 'saveTold'>;

/** Enough to tell a few thousand lines apart; all of them fit into the column. */
const MARK_LENGTH = 12;
const MOST = 4_000;

export function toldRecords(session: Session): ToldRecords {
  const idOf = (subject: string) => `${session.pbx} ${subject}`;
  return {
    async untold(subject, news) {
      const row = await session.db.selectFrom('told').select('news').where('id', '=', idOf(subject)).executeTakeFirst();
      const marks = new Set(row ? (JSON.parse(row.news) as string[]) : []);
      return news.filter((each) => !marks.has(markOf(each)));
    },
    async saveTold(subject, news, at) {
      const marks = [...new Set(news.map(markOf))].slice(0, MOST);
      const row = { id: idOf(subject), news: JSON.stringify(marks), told_at: toColumn(at) };
      await session.db.replaceInto('told').values(row).execute();
    },
  };
}

function markOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, MARK_LENGTH);
}
