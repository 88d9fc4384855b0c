/** What the admin reads: the same news, about whom. */
import type { Notice } from '../domain/letter';
import { exchangePage } from './exchange-page';
import { intruderPage } from './intruder-page';
import { namePage } from './name-page';
import type { Draft } from './page';
import type { MailSettings } from './settings';
import {
  accountText,
  addressCount,
  addressList,
  addressText,
  callerText,
  foreign,
  FORGED,
  servicesText,
} from './words';

type Of<K extends Notice['kind']> = Extract<Notice, { kind: K }>;

export function adminPage(notice: Notice, settings: MailSettings): Draft | undefined {
  switch (notice.kind) {
    case 'opened':
      return opened(notice, settings);
    case 'closed':
      return closed(notice, settings);
    case 'revoked':
      return revoked(notice, settings);
    case 'pin-changed':
      return pinChanged(notice, settings);
    case 'locked':
      return locked(notice, settings);
    case 'guessing':
      return guessing(notice, settings);
    case 'intruders':
      return intruderPage(notice, settings);
    case 'disturbed':
      return disturbed(notice, settings);
    case 'name-stale':
    case 'name-back':
    case 'name-refused':
    case 'way-in-blocked':
      return namePage(notice, settings);
    case 'country-old':
      return countryOld(notice, settings);
    case 'exchange':
      return exchangePage(notice, settings);
    case 'ending':
    case 'test':
      return undefined;
  }
}

function opened({ account, entry, country, renewed, caller, closed }: Of<'opened'>, settings: MailSettings): Draft {
  const who = accountText(account);
  return {
    subject: `Account ${who} ${renewed ? 'renewed' : 'opened'} ${entry.network} (${foreign(settings.pbxName)})`,
    news: `Account ${who} ${renewed ? 'keeps an address open for longer' : 'opened an address'} by telephone.`,
    facts: [
      ['Account', who],
      ['Address', addressText(entry, country)],
      ['Open for', servicesText(entry.services)],
      ['Until', settings.when.long(entry.until)],
      ['Asked by', callerText(caller)],
      ...(closed.length > 0 ? [['Closed to make room', addressList(closed)] as const] : []),
    ],
    paragraphs: [
      'Everybody on the same network shares this address and can reach the same services.',
      `To close it: tollgate revoke ${entry.id}`,
      FORGED,
    ],
  };
}

function closed(notice: Of<'closed'>, settings: MailSettings): Draft {
  return closedDraft(notice, settings, [['Asked by', callerText(notice.caller)]], [FORGED]);
}

function revoked(notice: Of<'revoked'>, settings: MailSettings): Draft {
  const facts = [['Closed by', foreign(notice.by)] as const, ['Why', foreign(notice.why, 200)] as const];
  return closedDraft(notice, settings, facts, []);
}

function closedDraft(
  { account, entries }: Of<'closed' | 'revoked'>,
  settings: MailSettings,
  facts: Draft['facts'],
  paragraphs: Draft['paragraphs'],
): Draft {
  const who = accountText(account);
  const what = entries.length === 1 ? addressList(entries) : addressCount(entries);
  return {
    subject: `Account ${who}: ${what} closed (${foreign(settings.pbxName)})`,
    news: `Account ${who} had ${addressCount(entries)} closed.`,
    facts: [['Account', who], ['Closed', addressList(entries)], ...facts],
    paragraphs,
  };
}

function pinChanged({ account, by }: Of<'pin-changed'>, settings: MailSettings): Draft {
  const who = accountText(account);
  return {
    subject: `Account ${who} has a new PIN (${foreign(settings.pbxName)})`,
    news: `Account ${who} was given a new PIN.`,
    facts: [
      ['Account', who],
      ['Changed by', foreign(by)],
    ],
    paragraphs: [],
  };
}

function locked({ account, until, caller }: Of<'locked'>, settings: MailSettings): Draft {
  const who = accountText(account);
  return {
    subject: `Account ${who} is locked until ${settings.when.short(until)} (${foreign(settings.pbxName)})`,
    news: `A wrong PIN was keyed too often for account ${who}, so it is locked for a while.`,
    facts: [
      ['Account', who],
      ['Locked until', settings.when.long(until)],
      ['Last call from', callerText(caller)],
    ],
    paragraphs: [
      'Addresses that are open stay open. Nobody got in.',
      `To unlock it sooner: tollgate account unlock ${account.number}`,
      FORGED,
    ],
  };
}

function guessing({ failures, since }: Of<'guessing'>, settings: MailSettings): Draft {
  return {
    subject: `Somebody is guessing PINs: ${failures} wrong ones since ${settings.when.short(since)} (${foreign(settings.pbxName)})`,
    news: 'Somebody may be guessing PINs by telephone.',
    facts: [
      ['Wrong PINs', String(failures)],
      ['Since', settings.when.long(since)],
    ],
    paragraphs: [
      'Until it calms down, the answer to every wrong PIN comes a few seconds later. Accounts lock by themselves, and travellers can still call.',
      'To see the calls: tollgate log --since 1h',
    ],
  };
}

function disturbed({ times, what }: Of<'disturbed'>, settings: MailSettings): Draft {
  return {
    subject: `Another program keeps changing the firewall (${foreign(settings.pbxName)})`,
    news: `Somebody else has changed Tollgate's part of the firewall ${times} times within a minute.`,
    facts: [['Last changed', foreign(what, 400)]],
    paragraphs: [
      'Each change was mended, but from now on that happens less and less often, up to every five minutes: in between, doors that should be closed may be open.',
      'Is firewalld, ufw, Docker, the firewall of FreePBX or a script at work? Stop it, or make it leave alone what begins with TOLLGATE and tg-.',
      'To see what was changed and for how long: tollgate status, tollgate log --since 1h',
    ],
  };
}

function countryOld({ source, dated, days, most }: Of<'country-old'>, settings: MailSettings): Draft {
  return {
    subject: `The country data are ${days} days old (${foreign(settings.pbxName)})`,
    news: 'Tollgate still judges countries by data that are too old.',
    facts: [
      ['Data', `${foreign(source)} of ${dated.toISOString().slice(0, 10)}`],
      ['Good for', `${most} days`],
    ],
    paragraphs: [
      'Addresses move from country to country: people who are permitted may be taken for strangers, and strangers for them.',
      'To fetch new ones: tollgate country refresh',
    ],
  };
}
