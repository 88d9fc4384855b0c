/** The small phrases that letters are made of; all foreign text passes here. */
import type { Account } from '../domain/account';
import { countryText } from '../domain/country-name';
import type { Entry } from '../domain/entry';
import { printable } from '../domain/printable';
import type { MailSettings } from './settings';

/** Names and numbers are the caller's or the admin's own text: no control characters, and no letter full of one name. */
export function foreign(text: string, most = 80): string {
  const safe = printable(text.trim());
  return safe.length > most ? `${safe.slice(0, most - 1)}…` : safe;
}

/** `12`, or `12 (Ann)`. */
export function accountText(account: Account): string {
  return account.name.trim() === '' ? account.number : `${account.number} (${foreign(account.name)})`;
}

const KNOWN: Readonly<Record<string, string>> = {
  phone: 'phone calls',
  sip: 'SIP phones',
  iax: 'IAX phones',
  rtp: 'the sound of calls',
  web: 'web pages',
  all: 'everything',
};

/** `198.51.100.7, Germany (DE)`. */
export function addressText({ network }: Entry, country: string | undefined): string {
  return country === undefined ? network : `${network}, ${countryText(country)}`;
}

export function servicesText(services: readonly string[]): string {
  return services.map((name) => KNOWN[name] ?? foreign(name)).join(', ') || 'nothing';
}

export function callerText(caller: string | undefined): string {
  return caller === undefined ? 'no number was shown' : foreign(caller, 32);
}

export const FORGED =
  'A telephone number can be made up by whoever calls, so take it as a hint and not as proof of who it was.';

/** `one address`, `3 addresses`. */
export function addressCount(entries: readonly Entry[]): string {
  return entries.length === 1 ? 'one address' : `${entries.length} addresses`;
}

export function addressList(entries: readonly Entry[]): string {
  return entries.map((entry) => entry.network).join(', ') || 'none';
}

/** `call 0301234`, or `call again`. */
export function callText({ numberToDial }: MailSettings): string {
  return numberToDial === undefined ? 'call again' : `call ${foreign(numberToDial, 32)}`;
}
