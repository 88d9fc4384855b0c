/** What the admin reads about attackers and strangers: all that came together, in one letter. */
import { countryText } from '../domain/country-name';
import type { IntruderNews, Notice } from '../domain/letter';
import type { Draft } from './page';
import type { MailSettings } from './settings';
import { foreign } from './words';

/** More lines than these are no help; the journal has all of them. */
const MOST_LINES = 20;

export function intruderPage(
  { since, news, more }: Extract<Notice, { kind: 'intruders' }>,
  settings: MailSettings,
): Draft {
  const blocked = news.filter(({ blockedUntil }) => blockedUntil !== undefined).length;
  const left = news.length + more - Math.min(news.length, MOST_LINES);
  return {
    subject: `${blocked} blocked, ${news.length + more - blocked} noticed since ${settings.when.short(since)} (${foreign(settings.pbxName)})`,
    news: 'Attackers or strangers were at the PBX.',
    facts: news.slice(0, MOST_LINES).map((each) => [whatOf(each), sentenceOf(each, settings)] as const),
    paragraphs: [...(left > 0 ? [`${left} more are in the journal: tollgate log`] : []), ...adviceOn(news)],
  };
}

/** A stranger who is only unblocked registers again within minutes, and is blocked again. */
function adviceOn(news: readonly IntruderNews[]): string[] {
  const strangers = news.filter(({ kind }) => kind === 'stranger');
  const [country = 'CC', another] = new Set(strangers.flatMap((each) => each.country ?? []));
  const letters = another === undefined ? country : 'CC';
  return [
    ...(strangers.length > 0
      ? [
          `A stranger who is one of yours is let in with: tollgate allow ADDRESS (or everybody in that country: tollgate country permit ${letters})`,
        ]
      : []),
    ...(strangers.length < news.length
      ? ['Who was blocked for wrong passwords by mistake is let in again with: tollgate unblock ADDRESS']
      : []),
  ];
}

function whatOf({ what, country }: IntruderNews): string {
  return country === undefined ? foreign(what, 64) : `${foreign(what, 64)}, ${countryText(country)}`;
}

function sentenceOf({ why, blockedUntil }: IntruderNews, { when }: MailSettings): string {
  if (blockedUntil === undefined) return foreign(why, 200);
  const until = blockedUntil === 'forever' ? 'for good' : `until ${when.long(blockedUntil)}`;
  return `${foreign(why, 200)} Blocked ${until}.`;
}
