/** What the admin reads about FreePBX's trunks and extensions. */
import type { ExchangeLine, Notice } from '../domain/letter';
import type { Draft } from './page';
import type { MailSettings } from './settings';
import { foreign } from './words';

type News = Extract<Notice, { kind: 'exchange' }>;

const MOST = 50;
const MOST_WHY = 200;
/** What each line is about: before, and after it was carried out. */
const HEADS: Readonly<Record<ExchangeLine['state'], readonly [found: string, done: string]>> = {
  new: ['New, not let in', 'Let in'],
  changed: ['Changed', 'Changed'],
  gone: ['Gone, still let in', 'Closed'],
  same: ['As it was', 'As it was'],
  revoked: ['Revoked, not let in', 'Revoked, not let in'],
  refused: ['Cannot be let in', 'Could not be let in'],
};

export function exchangePage({ lines, applied }: News, settings: MailSettings): Draft {
  const count = lines.length === 1 ? 'one change' : `${lines.length} changes`;
  const facts = lines
    .slice(0, MOST)
    .map(
      ({ state, what, why }) =>
        [HEADS[state][applied ? 1 : 0], `${foreign(what)} (${foreign(why, MOST_WHY)})`] as const,
    );
  const more = lines.length > MOST ? [`There are ${lines.length - MOST} more: tollgate import freepbx`] : [];
  return {
    subject: `FreePBX: ${count} ${applied ? 'carried over' : 'not carried over'} (${foreign(settings.pbxName)})`,
    news: applied
      ? `FreePBX has ${count} in its trunks and extensions, and the firewall follows it.`
      : `FreePBX has ${count} in its trunks and extensions that the firewall does not know of.`,
    facts,
    paragraphs: applied
      ? [...more, 'To see what was done, and to take it back: tollgate log']
      : [...more, 'To see it and then let it in: tollgate import freepbx, tollgate import freepbx --apply', ONCE],
  };
}

const ONCE = 'You are told of each of them once; tollgate status goes on showing them.';
