/** One account, one open door and the settings that mail tests share. */
import type { Account } from '../../src/domain/account';
import type { Entry } from '../../src/domain/entry';
import type { Letter } from '../../src/domain/letter';
import type { Network } from '../../src/domain/network';
import type { MailSettings, Relay } from '../../src/mail/settings';
import { whenIn } from '../../src/mail/when';

export const SETTINGS: MailSettings = {
  from: { name: 'Office PBX', address: 'pbx@example.net' },
  admin: 'admin@example.net',
  tellAdmin: 'alarms',
  short: undefined,
  relay: undefined,
  folder: '/nowhere',
  pbxName: 'Office PBX',
  when: whenIn('Europe/Berlin'),
  numberToDial: '0301234567',
  hostName: 'pbx.example.net',
};

export const ACCOUNT: Account = {
  number: '12',
  name: 'Traveller',
  email: 'traveller@example.net',
  pinHash: undefined,
  services: ['phone'],
  extensions: [],
  callers: [],
  maxOpen: 2,
  leaseSeconds: 259_200,
  disabledAt: undefined,
  createdAt: new Date('2026-01-01T00:00:00Z'),
};

export const ENTRY: Entry = {
  id: 7,
  kind: 'allow',
  what: '192.0.2.10',
  network: '192.0.2.10' as Network,
  services: ['phone'],
  account: '12',
  by: 'account 12',
  since: new Date('2026-11-19T13:05:00Z'),
  until: new Date('2026-11-22T13:05:00Z'),
  name: undefined,
  note: undefined,
  state: 'open',
  provedAt: undefined,
};

export const LETTER: Letter = {
  to: { name: 'Traveller', address: 'traveller@example.net' },
  subject: 'It is open',
  text: 'Grüße: it is open.\n',
  html: '<p>Gr&uuml;&szlig;e: it is <b>open</b>.</p>\n',
};

/** A relay on loopback without encryption, more patient than any test. */
export function relayAt(port: number, more: Partial<Relay> = {}): Relay {
  return {
    host: '127.0.0.1',
    port,
    security: 'none',
    user: undefined,
    secret: undefined,
    rejectUnauthorized: true,
    patience: { connect: 2000, silence: 600_000 },
    ...more,
  };
}
