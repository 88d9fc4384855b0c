import type { Letter, Notice } from '../../src/domain/letter';
import type { Network } from '../../src/domain/network';
import { lettersFor } from '../../src/mail/letters';
import { whenIn } from '../../src/mail/when';
import { ACCOUNT, ENTRY, SETTINGS } from '../support/mail-fixtures';

const EVERYTHING = { ...SETTINGS, tellAdmin: 'everything' } as const;
const OPENED: Notice = {
  kind: 'opened',
  account: ACCOUNT,
  entry: ENTRY,
  renewed: false,
  caller: '49891234',
  closed: [],
};
const CLOSED: Notice = { kind: 'closed', account: ACCOUNT, entries: [ENTRY], caller: '49891234' };
const LOCKED: Notice = { kind: 'locked', account: ACCOUNT, until: new Date('2026-11-22T13:20:00Z'), caller: undefined };
const REVOKED: Notice = {
  kind: 'revoked',
  account: ACCOUNT,
  entries: [ENTRY],
  by: 'ann (sudo)',
  why: 'Revoked by the admin.',
};
const ENDING: Notice = { kind: 'ending', account: ACCOUNT, entry: ENTRY };
const PIN_CHANGED: Notice = { kind: 'pin-changed', account: ACCOUNT, by: 'root' };
const GUESSING: Notice = { kind: 'guessing', failures: 31, since: new Date('2026-11-22T12:05:00Z') };
const DISTURBED: Notice = { kind: 'disturbed', times: 6, what: 'IPv4: our hook in INPUT was gone' };
const SINCE = new Date('2026-11-22T12:05:00Z');
const WHY = 'office.example.com: 192.0.2.53 did not answer in time';
const STALE: Notice = { kind: 'name-stale', what: 'office.example.com', since: SINCE, why: WHY };
const BACK: Notice = { kind: 'name-back', what: 'office.example.com', since: SINCE };
const REFUSED: Notice = {
  kind: 'name-refused',
  what: 'office.example.com',
  refused: ['10.0.0.1' as Network, '127.0.0.1' as Network],
  used: ['192.0.2.10' as Network],
};
const WAY_IN: Notice = {
  kind: 'way-in-blocked',
  what: 'home.example.com',
  address: '192.0.2.8' as Network,
  block: { ...ENTRY, id: 12, kind: 'block', network: '192.0.2.8' as Network, account: undefined, by: 'ann' },
};
const OLD_DATA: Notice = {
  ...{ kind: 'country-old', source: 'DB-IP lite', dated: new Date('2026-09-01T00:00:00Z'), days: 82, most: 60 },
};

const to = (letters: readonly Letter[]) => letters.map((letter) => letter.to.address);
const first = (notice: Notice, settings = SETTINGS): Letter => {
  const [letter] = lettersFor(notice, settings);
  if (!letter) throw new Error('nobody is told');
  return letter;
};

describe('who is told', () => {
  const both = ['traveller@example.net', 'admin@example.net'];
  const table: [string, Notice, 'nothing' | 'alarms' | 'everything', string[]][] = [
    ['an opened door, quiet admin', OPENED, 'nothing', ['traveller@example.net']],
    ['an opened door, admin wants alarms', OPENED, 'alarms', ['traveller@example.net']],
    ['an opened door, admin wants everything', OPENED, 'everything', both],
    ['closed doors', CLOSED, 'everything', both],
    ['a closing by the admin', REVOKED, 'alarms', ['traveller@example.net']],
    ['a closing by the admin, who wants everything', REVOKED, 'everything', both],
    ['an end that is near', ENDING, 'everything', ['traveller@example.net']],
    ['a new PIN', PIN_CHANGED, 'alarms', ['traveller@example.net']],
    ['a new PIN, admin wants everything', PIN_CHANGED, 'everything', both],
    ['a lock', LOCKED, 'alarms', both],
    ['a lock, quiet admin', LOCKED, 'nothing', ['traveller@example.net']],
    ['guessing', GUESSING, 'alarms', ['admin@example.net']],
    ['guessing, quiet admin', GUESSING, 'nothing', []],
    ['a firewall that others keep changing', DISTURBED, 'alarms', ['admin@example.net']],
    ['a firewall that others keep changing, quiet admin', DISTURBED, 'nothing', []],
    ['a name that cannot be looked up', STALE, 'alarms', ['admin@example.net']],
    ['a name that is known again', BACK, 'alarms', ['admin@example.net']],
    ['a name that answers with private addresses', REFUSED, 'alarms', ['admin@example.net']],
    ['a way in that somebody has blocked', WAY_IN, 'alarms', ['admin@example.net']],
    ['country data that are too old', OLD_DATA, 'alarms', ['admin@example.net']],
    ['country data that are too old, quiet admin', OLD_DATA, 'nothing', []],
    ['a name that answers with private addresses, quiet admin', REFUSED, 'nothing', []],
    ['a test', { kind: 'test', to: 'ann@example.org' }, 'everything', ['ann@example.org']],
  ];
  for (const [name, notice, tellAdmin, expected] of table)
    it(`of ${name}`, () => expect(to(lettersFor(notice, { ...SETTINGS, tellAdmin }))).toEqual(expected));

  it('an account without an address gets no letter, the admin still does', () => {
    const account = { ...ACCOUNT, email: '' };
    expect(to(lettersFor({ ...OPENED, account }, EVERYTHING))).toEqual(['admin@example.net']);
  });

  it('an account with a list for an address gets no letter', () => {
    const account = { ...ACCOUNT, email: 'a@example.net, b@example.net' };
    expect(lettersFor({ ...OPENED, account }, SETTINGS)).toEqual([]);
  });

  it('an admin who opens a door for himself gets one letter', () => {
    const account = { ...ACCOUNT, email: 'Admin@example.net' };
    expect(to(lettersFor({ ...OPENED, account }, EVERYTHING))).toEqual(['Admin@example.net']);
  });

  it('nobody is told for an admin who has no address', () => {
    expect(lettersFor(GUESSING, { ...SETTINGS, admin: undefined })).toEqual([]);
  });
});

describe('the letter about an end that is near', () => {
  it('says which address, until when, and how to keep it', () => {
    const { subject, text } = first(ENDING);
    expect(subject).toBe('192.0.2.10 closes Sun 22 Nov, 14:05 (Office PBX)');
    expect(text).toBe(`Hello Traveller,

Your address closes soon.

  Address:  192.0.2.10
  Open for: phone calls
  Until:    Sunday 22 November 2026, 14:05 (Europe/Berlin)

To keep it open for longer, call 0301234567 and choose 4, which gives all your open addresses their full time again.

If you no longer need it, there is nothing to do: it closes by itself.

-- 
Tollgate on pbx.example.net wrote this by itself.
`);
  });
});

describe('the letter about country data that are too old', () => {
  it('says how old, and how to fetch new ones', () => {
    const { subject, text } = first(OLD_DATA);
    expect(subject).toBe('The country data are 82 days old (Office PBX)');
    expect(text).toContain('Data:     DB-IP lite of 2026-09-01\n  Good for: 60 days\n');
    expect(text).toContain('tollgate country refresh');
  });
});

describe('the letter about a closing by somebody else', () => {
  it('says who and why', () => {
    const { subject, text } = first(REVOKED);
    expect(subject).toBe('192.0.2.10 closed (Office PBX)');
    expect(text).toContain('Closed by: ann (sudo)\n');
    expect(text).toContain('Why:       Revoked by the admin.\n');
  });
});

describe('the letter about a new PIN', () => {
  it('says who set it, and that it is not in the letter', () => {
    const { subject, text } = first(PIN_CHANGED);
    expect(subject).toBe('Account 12 has a new PIN (Office PBX)');
    expect(text).toContain('Changed by: root\n');
    expect(text).toContain('not in this letter');
  });
});

describe('the letter about an open door', () => {
  it('reads so', () => {
    const { subject, text } = first(OPENED);
    expect(subject).toBe('192.0.2.10 is open until Sun 22 Nov, 14:05 (Office PBX)');
    expect(text).toBe(`Hello Traveller,

Your address is open.

  Address:  192.0.2.10
  Open for: phone calls
  Until:    Sunday 22 November 2026, 14:05 (Europe/Berlin)
  Asked by: 49891234

Everybody on the same network, in a hotel all the other guests, shares this address and can reach the same services. A good password on your phone is what keeps them out.

To close it sooner, call 0301234567 and choose 3, which closes all your addresses, or tell your administrator.

Was it not you? Then please close it right away and tell your administrator: somebody knows your PIN. A telephone number can be made up by whoever calls, so take it as a hint and not as proof of who it was.

-- 
Tollgate on pbx.example.net wrote this by itself.
`);
  });

  it('says the same in HTML', () => {
    const { text, html } = first(OPENED);
    const body = html.replace(/<title>.*<\/title>/, '');
    const sentences = text.split(/\n+/).map((line) => line.replace(/^ {2}\S.*?: +|^-- $/, '').trim());
    for (const sentence of sentences.filter(Boolean)) expect(body).toContain(sentence);
  });

  it('tells the time of the zone that is set, summer and winter', () => {
    const entry = { ...ENTRY, until: new Date('2026-07-01T22:05:00Z') };
    expect(first({ ...OPENED, entry }).text).toContain('Thursday 2 July 2026, 00:05 (Europe/Berlin)');
    expect(first({ ...OPENED, entry }, { ...SETTINGS, when: whenIn('America/New_York') }).text).toContain(
      'Wednesday 1 July 2026, 18:05 (America/New_York)',
    );
  });

  it('of a renewed door says that it stays open', () => {
    const { subject, text } = first({ ...OPENED, renewed: true });
    expect(subject).toContain('192.0.2.10 stays open until');
    expect(text).toContain('Your address stays open for longer.');
  });

  it('names the addresses that had to go', () => {
    const closed = [{ ...ENTRY, network: '198.51.100.7' as Network }];
    expect(first({ ...OPENED, closed }).text).toContain(
      'To make room for this address we closed your oldest: 198.51.100.7.',
    );
  });

  it('says when no number was shown', () => {
    expect(first({ ...OPENED, caller: undefined }).text).toContain('Asked by: no number was shown');
  });

  it('of a door for good does not speak of an end', () => {
    const { subject, text } = first({ ...OPENED, entry: { ...ENTRY, until: 'forever' } });
    expect(subject).toBe('192.0.2.10 is open for good (Office PBX)');
    expect(text).toMatch(/Until: +for good/);
  });

  it('does without a number to dial', () => {
    expect(first(OPENED, { ...SETTINGS, numberToDial: undefined }).text).toContain(
      'To close it sooner, call again and choose 3',
    );
  });

  it('to the admin says who, and the command that closes it', () => {
    const [, letter] = lettersFor(OPENED, EVERYTHING);
    expect(letter?.subject).toBe('Account 12 (Traveller) opened 192.0.2.10 (Office PBX)');
    expect(letter?.text).toContain('tollgate revoke 7');
  });
});

describe('the other letters', () => {
  it('tell of closed doors', () => {
    const two = { ...CLOSED, entries: [ENTRY, { ...ENTRY, network: '2001:db8::/64' as Network }] };
    expect(first(CLOSED).subject).toBe('192.0.2.10 closed (Office PBX)');
    expect(first(two).subject).toBe('2 addresses closed (Office PBX)');
    expect(first(two).text).toContain('192.0.2.10, 2001:db8::/64');
  });

  it('tell of a lock, and that nobody got in', () => {
    const { subject, text } = first(LOCKED);
    expect(subject).toBe('Account 12 is locked until Sun 22 Nov, 14:20 (Office PBX)');
    expect(text).toContain('Addresses that are open stay open. Nobody got in.');
  });

  it('raise the alarm about guessing', () => {
    const { subject, text } = first(GUESSING);
    expect(subject).toBe('Somebody is guessing PINs: 31 wrong ones since Sun 22 Nov, 13:05 (Office PBX)');
    expect(text).toContain('tollgate log');
  });

  it('tell that others keep changing the firewall, and what that means', () => {
    const { subject, text } = first(DISTURBED);
    expect(subject).toBe('Another program keeps changing the firewall (Office PBX)');
    expect(text).toContain('IPv4: our hook in INPUT was gone');
    expect(text).toContain('may be open');
  });

  it('tell that a name cannot be looked up, that nobody is cut off, and when it is known again', () => {
    const { subject, text } = first(STALE);
    expect(subject).toBe('office.example.com cannot be looked up (Office PBX)');
    expect(text).toContain('192.0.2.53 did not answer in time');
    expect(text).toContain('nobody is cut off');
    expect(first(BACK).subject).toBe('office.example.com is known again (Office PBX)');
    expect(first(BACK).text).toContain('Sunday 22 November 2026, 13:05');
  });

  it('tell which addresses of a name are not let in, and which still are', () => {
    const { subject, text } = first(REFUSED);
    expect(subject).toBe('office.example.com answers with addresses that are not let in (Office PBX)');
    expect(text).toContain('10.0.0.1, 127.0.0.1');
    expect(text).toContain('192.0.2.10');
    const none: Notice = { ...REFUSED, used: [] };
    expect(first(none).text).toContain('its last good addresses');
  });

  it('tell that the admin’s own way in leads to what somebody has blocked, and what to type', () => {
    const { subject, text } = first(WAY_IN);
    expect(subject).toBe('home.example.com leads to a blocked address (Office PBX)');
    expect(text).toContain('It now leads to 192.0.2.8, which is blocked');
    expect(text).toContain('entry 12, ann');
    expect(text).toContain('tollgate unblock 12');
  });

  it('say that a test is a test', () => {
    expect(first({ kind: 'test', to: 'ann@example.org' }).text).toContain('This is a test.');
  });
});

describe('foreign text', () => {
  const evil = '</b><script>alert("1")</script>\r\nBcc: eve@example.org\u202e';
  const account = { ...ACCOUNT, name: evil };

  it('stays text in every letter', () => {
    const notices: Notice[] = [
      { ...OPENED, account, caller: evil, entry: { ...ENTRY, services: [evil] } },
      { ...CLOSED, account, caller: evil },
      { ...LOCKED, account, caller: evil },
    ];
    const letters = notices.flatMap((notice) => lettersFor(notice, EVERYTHING));
    expect(letters).toHaveLength(6);
    for (const { subject, html, text, to } of letters) {
      expect(html).not.toMatch(/<script|\r|\u202e/);
      expect(html).toContain('&#60;script&#62;');
      expect(text).not.toMatch(/\r|\u202e|\nBcc/);
      expect(subject + to.name).not.toMatch(/[\r\n\u202e]/);
    }
  });

  it('cannot fill a letter', () => {
    const long = { ...ACCOUNT, name: 'x'.repeat(10_000) };
    expect(first({ ...OPENED, account: long }).text.length).toBeLessThan(2000);
  });
});
