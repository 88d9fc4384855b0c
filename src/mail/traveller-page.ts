/** What the traveller reads. */
import type { Entry } from '../domain/entry';
import type { Notice } from '../domain/letter';
import type { Draft } from './page';
import type { MailSettings } from './settings';
import { addressCount, addressList, addressText, callerText, callText, foreign, FORGED, servicesText } from './words';

type Of<K extends Notice['kind']> = Extract<Notice, { kind: K }>;

export function travellerPage(notice: Notice, settings: MailSettings): Draft | undefined {
  switch (notice.kind) {
    case 'opened':
      return opened(notice, settings);
    case 'closed':
      return closed(notice, settings);
    case 'revoked':
      return revoked(notice, settings);
    case 'ending':
      return ending(notice, settings);
    case 'pin-changed':
      return pinChanged(notice, settings);
    case 'locked':
      return locked(notice, settings);
    case 'test':
      return test(settings);
    case 'guessing':
    case 'disturbed':
    case 'intruders':
    case 'name-stale':
    case 'name-back':
    case 'name-refused':
    case 'way-in-blocked':
    case 'country-old':
    case 'exchange':
      return undefined;
  }
}

function opened({ entry, country, renewed, caller, closed }: Of<'opened'>, settings: MailSettings): Draft {
  const { when } = settings;
  const pbx = foreign(settings.pbxName);
  const until = entry.until === 'forever' ? 'for good' : `until ${when.short(entry.until)}`;
  return {
    subject: `${entry.network} ${renewed ? 'stays' : 'is'} open ${until} (${pbx})`,
    news: renewed ? 'Your address stays open for longer.' : 'Your address is open.',
    facts: [
      ['Address', addressText(entry, country)],
      ['Open for', servicesText(entry.services)],
      ['Until', when.long(entry.until)],
      ['Asked by', callerText(caller)],
      ...(closed.length > 0 ? [['Closed', addressList(closed)] as const] : []),
    ],
    paragraphs: [
      ...(closed.length > 0 ? [`To make room for this address we closed your oldest: ${addressList(closed)}.`] : []),
      'Everybody on the same network, in a hotel all the other guests, shares this address and can reach the same services. A good password on your phone is what keeps them out.',
      `To close it sooner, ${callText(settings)} and choose 3, which closes all your addresses, or tell your administrator.`,
      `Was it not you? Then please close it right away and tell your administrator: somebody knows your PIN. ${FORGED}`,
    ],
  };
}

function closed({ entries, caller }: Of<'closed'>, settings: MailSettings): Draft {
  return {
    subject: closedSubject(entries, settings),
    news: closedNews(entries),
    facts: [
      ['Closed', addressList(entries)],
      ['Asked by', callerText(caller)],
    ],
    paragraphs: [
      'Phones there can no longer reach the telephone system.',
      `To open an address again, ${callText(settings)} and key it.`,
      `Was it not you? Then please tell your administrator. ${FORGED}`,
    ],
  };
}

function revoked({ entries, by, why }: Of<'revoked'>, settings: MailSettings): Draft {
  return {
    subject: closedSubject(entries, settings),
    news: closedNews(entries),
    facts: [
      ['Closed', addressList(entries)],
      ['Closed by', foreign(by)],
      ['Why', foreign(why, 200)],
    ],
    paragraphs: [
      'Phones there can no longer reach the telephone system, and calls from there were ended.',
      'If you still need it, please ask your administrator.',
    ],
  };
}

function ending({ entry }: Of<'ending'>, settings: MailSettings): Draft {
  const { when } = settings;
  const until = entry.until === 'forever' ? 'soon' : when.short(entry.until);
  return {
    subject: `${entry.network} closes ${until} (${foreign(settings.pbxName)})`,
    news: 'Your address closes soon.',
    facts: [
      ['Address', entry.network],
      ['Open for', servicesText(entry.services)],
      ['Until', when.long(entry.until)],
    ],
    paragraphs: [
      `To keep it open for longer, ${callText(settings)} and choose 4, which gives all your open addresses their full time again.`,
      'If you no longer need it, there is nothing to do: it closes by itself.',
    ],
  };
}

/** Never the PIN: a letter lies about for years. */
function pinChanged({ account, by }: Of<'pin-changed'>, settings: MailSettings): Draft {
  return {
    subject: `Account ${account.number} has a new PIN (${foreign(settings.pbxName)})`,
    news: 'Your PIN was changed.',
    facts: [
      ['Account', account.number],
      ['Changed by', foreign(by)],
    ],
    paragraphs: [
      'The old PIN is no longer good. The new one is not in this letter: your administrator tells it to you.',
      'Addresses that are open stay open.',
      'Did nobody tell you of this? Then please ask your administrator.',
    ],
  };
}

function locked({ account, until, caller }: Of<'locked'>, settings: MailSettings): Draft {
  return {
    subject: `Account ${account.number} is locked until ${settings.when.short(until)} (${foreign(settings.pbxName)})`,
    news: 'A wrong PIN was keyed too often, so your account is locked for a while.',
    facts: [
      ['Account', account.number],
      ['Locked until', settings.when.long(until)],
      ['Last call from', callerText(caller)],
    ],
    paragraphs: [
      'Addresses that are open stay open. Nobody got in.',
      'If it was you: wait until then and try again, or ask your administrator to unlock the account or to give you a new PIN.',
      `If it was not you: please tell your administrator that somebody is trying your account. ${FORGED}`,
    ],
  };
}

function test(settings: MailSettings): Draft {
  return {
    subject: `Test letter (${foreign(settings.pbxName)})`,
    news: 'This is a test. If you can read it, letters arrive.',
    facts: [],
    paragraphs: ['Nothing was opened or closed, and there is nothing to do.'],
  };
}

function closedSubject(entries: readonly Entry[], settings: MailSettings): string {
  return `${entries.length === 1 ? addressList(entries) : addressCount(entries)} closed (${foreign(settings.pbxName)})`;
}

function closedNews(entries: readonly Entry[]): string {
  return entries.length === 1 ? 'Your address is closed.' : `We closed ${addressCount(entries)} of yours.`;
}
