import { travelinMan, type Result } from '../../agi/travelin-man';
import { wordsOf } from '../../agi/prompt';
import { CallTooLong, HungUp, type Call } from '../../src/domain/call';
import type { Reason } from '../../src/domain/doorkeeper';
import { fakeCall, SILENCE } from '../support/fake-call';
import { fakeDoor, openEntry, type FakeDoorOptions } from '../support/fake-door';

const KNOWN = ['12', '471147'];
const IN = 'greeting, ask-account, < 12, ask-pin, < 471147';
const HOTEL = '198*51*100*7';
const ASKED = 'ask-address, < 198*51*100*7, you-entered, 198.51.100.7, confirm';
const OPENED = 'opened, you-can-use, service-phone, for-the-next, 3, days, mail-confirms, goodbye';
const RENEWED = OPENED.replace('opened', 'renewed');
const AT_HOME: FakeDoorOptions = { open: ['192.0.2.1'] };

const REFUSALS: readonly Reason[] = [
  ...(['private', 'loopback', 'link-local', 'shared', 'multicast', 'broadcast'] as const),
  ...(['documentation', 'reserved', 'own', 'blocked'] as const),
];

type Row = [name: string, door: FakeDoorOptions, keys: string[], heard: string, result: Result, done: string[]];
const calls: Row[] = [
  [
    'a traveller opens the address of his hotel',
    {},
    [...KNOWN, HOTEL, '1'],
    `${IN}, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'twelve digits are an address too',
    {},
    [...KNOWN, '198051100007', '1'],
    `${IN}, ask-address, < 198051100007, you-entered, 198.51.100.7, confirm, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'whoever keyed it wrong keys it again',
    {},
    [...KNOWN, '198*51*100*9', '2', HOTEL, '1'],
    `${IN}, ask-address, < 198*51*100*9, you-entered, 198.51.100.9, confirm, < 2, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'silence at the read-back repeats it once and then opens nothing',
    {},
    [...KNOWN, HOTEL, SILENCE, SILENCE],
    `${IN}, ${ASKED}, < silence, you-entered, 198.51.100.7, confirm, < silence, nothing-opened, goodbye`,
    'unchanged',
    [],
  ],
  [
    'any other key at the read-back is no consent either',
    {},
    [...KNOWN, HOTEL, '5', ''],
    `${IN}, ${ASKED}, < 5, you-entered, 198.51.100.7, confirm, < #, nothing-opened, goodbye`,
    'unchanged',
    [],
  ],
  [
    'who confirms the repeated read-back is let in',
    {},
    [...KNOWN, HOTEL, SILENCE, '1'],
    `${IN}, ${ASKED}, < silence, you-entered, 198.51.100.7, confirm, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'a wrong number that says nothing learns nothing',
    {},
    [SILENCE, SILENCE, SILENCE],
    'greeting, ask-account, < silence, ask-account, < silence, ask-account, < silence, give-up, goodbye',
    'unchanged',
    [],
  ],
  [
    'an empty entry repeats the question, and is forgotten with the answer',
    {},
    ['', SILENCE, '12', '', SILENCE, '471147', '', SILENCE, HOTEL, '1'],
    'greeting, ask-account, < #, ask-account, < silence, ask-account, < 12, ask-pin, < #, ask-pin, < silence, ' +
      `ask-pin, < 471147, ask-address, < #, ask-address, < silence, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'three wrong tries end the call kindly',
    {},
    ['12', '000000', '13', '471147', '12', '471148'],
    'greeting, ask-account, < 12, ask-pin, < 000000, not-recognised, ask-account, < 13, ask-pin, < 471147, ' +
      'not-recognised, ask-account, < 12, ask-pin, < 471148, not-recognised, not-let-in, goodbye',
    'refused',
    [],
  ],
  [
    'the third try may be the right one',
    {},
    ['12', '000000', '13', '471147', ...KNOWN, HOTEL, '1'],
    'greeting, ask-account, < 12, ask-pin, < 000000, not-recognised, ask-account, < 13, ask-pin, < 471147, ' +
      `not-recognised, ask-account, < 12, ask-pin, < 471147, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'three things that are no address end the call, with an example before the last',
    {},
    [...KNOWN, '12*34*56', '1*2*3*4*5', '12*34*56*256'],
    `${IN}, ask-address, < 12*34*56, address-too-short, ask-address, < 1*2*3*4*5, address-too-long, address-example, ` +
      'ask-address, < 12*34*56*256, address-too-big, give-up, goodbye',
    'refused',
    [],
  ],
  [
    'three addresses that may not be opened end the call',
    { refuses: { '10.0.0.1': 'private', '203.0.113.1': 'own', '198.51.100.7': 'blocked' } },
    [...KNOWN, '10*0*0*1', '203*0*113*1', HOTEL],
    `${IN}, ask-address, < 10*0*0*1, refused-private, ask-address, < 203*0*113*1, refused-own, ` +
      'ask-address, < 198*51*100*7, refused-blocked, give-up, goodbye',
    'refused',
    [],
  ],
  [
    'an address in a denied range is refused with its own words, and another may be keyed',
    { refuses: { '10.0.0.1': 'denied' } },
    [...KNOWN, '10*0*0*1', HOTEL, '1'],
    `${IN}, ask-address, < 10*0*0*1, refused-denied, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'of a denied address the country is told where it is known',
    { refuses: { '10.0.0.1': 'denied DE', '10.0.0.2': 'denied A1' } },
    [...KNOWN, '10*0*0*1', '10*0*0*2', HOTEL, '1'],
    `${IN}, ask-address, < 10*0*0*1, country-is, letters/d, letters/e, refused-denied, ask-address, ` +
      `< 10*0*0*2, country-is, letters/a, 1, refused-denied, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'failures of two kinds are counted apart',
    { refuses: { '10.0.0.1': 'private' } },
    [...KNOWN, '1*2', '10*0*0*1', '1*2', '10*0*0*1', HOTEL, '1'],
    `${IN}, ask-address, < 1*2, address-too-short, ask-address, < 10*0*0*1, refused-private, ask-address, < 1*2, ` +
      `address-too-short, address-example, ask-address, < 10*0*0*1, refused-private, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'whoever has something open is asked what he wants, and opens another',
    AT_HOME,
    [...KNOWN, '1', HOTEL, '1'],
    `${IN}, menu, < 1, ${ASKED}, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'an address that is keyed at the menu is another one to open',
    AT_HOME,
    [...KNOWN, HOTEL, '1'],
    `${IN}, menu, < 198*51*100*7, you-entered, 198.51.100.7, confirm, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'so is one that is keyed in one go with the choice',
    AT_HOME,
    [...KNOWN, `1${HOTEL}`, '1'],
    `${IN}, menu, < 1198*51*100*7, you-entered, 198.51.100.7, confirm, < 1, ${OPENED}`,
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'an address that was open already is renewed',
    AT_HOME,
    [...KNOWN, '192000002001', '1'],
    `${IN}, menu, < 192000002001, you-entered, 192.0.2.1, confirm, < 1, ${RENEWED}`,
    'opened',
    ['open 192.0.2.1'],
  ],
  [
    'one address too many closes the oldest, and says so',
    { open: ['192.0.2.1', '192.0.2.2'] },
    [...KNOWN, HOTEL, '1'],
    `${IN}, menu, < 198*51*100*7, you-entered, 198.51.100.7, confirm, < 1, ` +
      OPENED.replace('mail-confirms', 'closed-oldest, mail-confirms'),
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'so do two too many',
    { open: ['192.0.2.1', '192.0.2.2'], maxOpen: 1 },
    [...KNOWN, HOTEL, '1'],
    `${IN}, menu, < 198*51*100*7, you-entered, 198.51.100.7, confirm, < 1, ` +
      OPENED.replace('mail-confirms', 'closed-older, mail-confirms'),
    'opened',
    ['open 198.51.100.7'],
  ],
  [
    'he hears what is open, and then the menu again',
    { open: ['192.0.2.1', '192.0.2.2'] },
    [...KNOWN, '2', SILENCE, SILENCE, SILENCE],
    `${IN}, menu, < 2, 192.0.2.1, is-open, you-can-use, service-phone, for-the-next, 3, days, ` +
      '192.0.2.2, is-open, you-can-use, service-phone, for-the-next, 3, days, ' +
      'menu, < silence, menu, < silence, menu, < silence, give-up, goodbye',
    'unchanged',
    [],
  ],
  [
    'he closes everything of his',
    { open: ['192.0.2.1', '192.0.2.2'] },
    [...KNOWN, '3'],
    `${IN}, menu, < 3, all-closed, mail-confirms, goodbye`,
    'closed',
    ['close 192.0.2.1', 'close 192.0.2.2'],
  ],
  [
    'he keeps everything open longer',
    { open: ['192.0.2.1', '192.0.2.2'] },
    [...KNOWN, '4'],
    `${IN}, menu, < 4, kept-longer, for-the-next, 3, days, mail-confirms, goodbye`,
    'opened',
    ['renew 192.0.2.1', 'renew 192.0.2.2'],
  ],
  [
    'three keys that are no choice end the call',
    AT_HOME,
    [...KNOWN, '7', '11', '5'],
    `${IN}, menu, < 7, not-a-choice, menu, < 11, not-a-choice, menu, < 5, not-a-choice, give-up, goodbye`,
    'unchanged',
    [],
  ],
];

describe('a call', () => {
  for (const [name, options, keys, heard, result, done] of calls) {
    it(name, async () => {
      const call = fakeCall(keys);
      const door = fakeDoor(options);
      expect(await travelinMan(call, door)).toBe(result);
      expect(call.heard()).toBe(heard);
      expect(door.done).toEqual(done);
    });
  }

  it('sounds the same to a locked and to a wrong caller, and only the dialplan can tell', async () => {
    const wrong = ['12', '000000', '12', '000000', '12', '000000'];
    const [a, b] = [fakeCall(wrong), fakeCall(wrong)];
    expect(await travelinMan(a, fakeDoor({ locked: true }))).toBe('locked');
    expect(await travelinMan(b, fakeDoor())).toBe('refused');
    expect(a.heard()).toBe(b.heard());
  });

  it('lets nobody in on a locked account, not even with the right PIN', async () => {
    const door = fakeDoor({ locked: true });
    expect(await travelinMan(fakeCall([...KNOWN, ...KNOWN, ...KNOWN, HOTEL, '1']), door)).toBe('locked');
    expect(door.done).toEqual([]);
  });

  it('has a spoken reason of its own for every address that may not be opened', async () => {
    const reasons = new Set<string>();
    for (const refusal of REFUSALS) {
      const call = fakeCall([...KNOWN, HOTEL]);
      await travelinMan(call, fakeDoor({ refuses: { '198.51.100.7': refusal } }));
      expect(call.heard()).toBe(`${IN}, ask-address, < 198*51*100*7, refused-${refusal}, ask-address`);
      reasons.add(wordsOf(`refused-${refusal}`, 'en') ?? '');
    }
    expect(reasons.size).toBe(REFUSALS.length);
  });

  it('that keeps all open longer tells the soonest end', async () => {
    const ends = ['2030-01-03T12:00:00Z', '2030-01-02T12:00:00Z', '2030-01-04T12:00:00Z'];
    const kept = ends.map((end) => ({ ...openEntry('192.0.2.1'), until: new Date(end) }));
    const call = fakeCall([...KNOWN, '4']);
    await travelinMan(call, { ...fakeDoor(AT_HOME), renewAll: () => Promise.resolve(kept) });
    expect(call.heard()).toContain('kept-longer, for-the-next, 1, day, mail-confirms');
  });

  it('with nothing left to close or to keep says so', async () => {
    for (const key of ['2', '3', '4']) {
      const call = fakeCall([...KNOWN, key, ...(key === '2' ? [SILENCE, SILENCE, SILENCE] : [])]);
      const none = () => Promise.resolve([]);
      const door = { ...fakeDoor(AT_HOME), openNow: none, closeAll: none, renewAll: none };
      expect(await travelinMan(call, door)).toBe('unchanged');
      expect(call.heard()).toContain(`< ${key}, nothing-open`);
    }
  });

  it('is judged with the number that the caller shows', async () => {
    const door = fakeDoor();
    await travelinMan(fakeCall(KNOWN, { callerNumber: '4045551212' }), door);
    await travelinMan(fakeCall(KNOWN), door);
    expect(door.judged).toEqual(['12 from 4045551212', '12 from nobody']);
  });

  it('leaves room for the hash key after the longest answer, waits longer while an address is copied, takes one key as consent, and shows neither account nor PIN', async () => {
    const call = fakeCall([...KNOWN, '1', HOTEL, '1']);
    await travelinMan(call, fakeDoor(AT_HOME), { pace: { addressKeySeconds: 9, menuKeySeconds: 2 } });
    expect(call.keyings).toEqual([
      { most: 20 },
      { most: 20 },
      { most: 20, betweenSeconds: 2, shown: true },
      { most: 20, betweenSeconds: 9, shown: true },
      { most: 1, shown: true },
    ]);
  });

  it('that lasts too long is ended kindly at whatever question, and changes nothing', async () => {
    for (let question = 0; question < 5; question++) {
      const call = fakeCall([...KNOWN, '1', HOTEL, '1'], { failAt: { question, error: new CallTooLong() } });
      const door = fakeDoor(AT_HOME);
      expect(await travelinMan(call, door)).toBe('unchanged');
      expect(call.heard()).toMatch(/time-is-up, goodbye$/);
      expect(door.done).toEqual([]);
    }
  });
});

describe('when the door cannot answer', () => {
  const rows: [NonNullable<FakeDoorOptions['broken']>, string[]][] = [
    ['identify', KNOWN],
    ['refusalOf', [...KNOWN, HOTEL]],
    ['open', [...KNOWN, HOTEL, '1']],
    ['openNow', [...KNOWN, '2']],
    ['closeAll', [...KNOWN, '3']],
    ['renewAll', [...KNOWN, '4']],
  ];
  for (const [broken, keys] of rows) {
    it(`${broken}: the caller hears "try later", and the admin why`, async () => {
      const call = fakeCall(keys);
      const told: unknown[] = [];
      const door = fakeDoor({ broken, ...(/Now|All/.test(broken) && AT_HOME) });
      expect(await travelinMan(call, door, { onFailure: (error) => told.push(error) })).toBe('error');
      expect(call.heard()).toMatch(/try-later, goodbye$/);
      expect(call.heard()).not.toMatch(/opened|all-closed|kept-longer/);
      expect(told).toEqual([new Error(`${broken} is broken`)]);
      expect(door.done).toEqual([]);
    });
  }
});

describe('a caller who hangs up', () => {
  const keys = [...KNOWN, '2', '1', '10*0*0*1', '12*34', HOTEL, '2', HOTEL, SILENCE, '1'];
  const whole = { open: ['192.0.2.1', '192.0.2.2'], refuses: { '10.0.0.1': 'private' } } as const;

  it('changes nothing before the confirming key, and loses nothing after it, at every moment of the call', async () => {
    const results: Result[] = [];
    for (let hangUpAt = 0; hangUpAt < 100; hangUpAt++) {
      const call = fakeCall(keys, { hangUpAt });
      const door = fakeDoor(whole);
      const result = await travelinMan(call, door);
      const confirmed = call.heard().includes('confirm, < 1');
      expect([hangUpAt, result, door.done]).toEqual([
        hangUpAt,
        confirmed ? 'opened' : 'hungup',
        confirmed ? ['open 198.51.100.7'] : [],
      ]);
      results.push(result);
    }
    expect(results.indexOf('opened')).toBeGreaterThanOrEqual(20); // each prompt, each question, each wait
  });

  it('closes everything all the same once he has asked for it', async () => {
    for (const [key, result, done] of [
      ['3', 'closed', 'close 192.0.2.1'],
      ['4', 'opened', 'renew 192.0.2.1'],
    ] as const) {
      const before = fakeCall([...KNOWN, key], { hangUpAt: 4 });
      const during = fakeCall([...KNOWN, key], { hangUpAt: 5 });
      const [untouched, changed] = [fakeDoor(AT_HOME), fakeDoor(AT_HOME)];
      expect([await travelinMan(before, untouched), untouched.done]).toEqual(['hungup', []]);
      expect([await travelinMan(during, changed), changed.done]).toEqual([result, [done]]);
    }
  });

  it('while the opening fails leaves an error and no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listener);
    const told: unknown[] = [];
    const call: Call = { ...fakeCall([...KNOWN, HOTEL, '1']), meanwhile: hangingUpAt(3) };
    const result = await travelinMan(call, fakeDoor({ broken: 'open' }), { onFailure: (error) => told.push(error) });
    expect(result).toBe('error');
    await new Promise(setImmediate);
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    expect(told).toEqual([new Error('open is broken')]);
  });
});

/** `meanwhile` of a line that is cut at this wait, counted from 1. */
function hangingUpAt(wait: number): Call['meanwhile'] {
  let waits = 0;
  return (work) => (++waits === wait ? Promise.reject(new HungUp()) : work);
}
