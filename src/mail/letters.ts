/** What people are told by mail, and who is told. Pure. */
import { mailboxOf } from '../domain/mailbox';
import type { Letter, Notice } from '../domain/letter';
import { htmlOf, textOf, type Draft, type Page } from './page';
import { adminPage } from './admin-page';
import { shortLetter } from './short-letter';
import { travellerPage } from './traveller-page';
import { foreign } from './words';
import type { MailSettings } from './settings';

/**
 * The letters of one notice: to the account, if it has an address, to the admin, if he wants to be told, and of an alarm
 * to the address for text messages.
 */
export function lettersFor(notice: Notice, settings: MailSettings): readonly Letter[] {
  const traveller = travellerOf(notice);
  const admin = wantsToKnow(notice, settings) ? settings.admin : undefined;
  const toTraveller = traveller && letter(traveller, travellerPage(notice, settings), settings);
  const toAdmin =
    admin === undefined ? undefined : letter({ name: '', address: admin }, adminPage(notice, settings), settings);
  const same = toTraveller?.to.address.toLowerCase() === toAdmin?.to.address.toLowerCase();
  const toShort =
    settings.short !== undefined && isAlarm(notice) ? shortLetter(settings.short, notice, settings) : undefined;
  return [toTraveller, same ? undefined : toAdmin, toShort].filter((each) => each !== undefined);
}

function travellerOf(notice: Notice): { readonly name: string; readonly address: string } | undefined {
  if (notice.kind === 'test') return { name: '', address: notice.to };
  return 'account' in notice ? { name: notice.account.name, address: notice.account.email } : undefined;
}

const ALARMS: readonly Notice['kind'][] = [
  'locked',
  'guessing',
  'intruders',
  'disturbed',
  'name-stale',
  'name-back',
  'name-refused',
  'way-in-blocked',
  'country-old',
  'exchange',
];

function wantsToKnow(notice: Notice, { tellAdmin }: MailSettings): boolean {
  if (tellAdmin === 'nothing') return false;
  return tellAdmin === 'everything' || isAlarm(notice);
}

function isAlarm({ kind }: Notice): boolean {
  return ALARMS.includes(kind);
}

/** Undefined when there is no usable address, or nothing to say to this reader. */
function letter(
  to: { name: string; address: string },
  draft: Draft | undefined,
  settings: MailSettings,
): Letter | undefined {
  const address = mailboxOf(to.address);
  if (address === undefined || draft === undefined) return undefined;
  const name = foreign(to.name);
  const greeting = name === '' ? 'Hello,' : `Hello ${name},`;
  const page: Page = {
    ...draft,
    greeting,
    signature: `Tollgate on ${foreign(settings.hostName)} wrote this by itself.`,
  };
  return { to: { name, address }, subject: draft.subject, text: textOf(page), html: htmlOf(page) };
}
