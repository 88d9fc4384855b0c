import type { Caller } from '../../../src/domain/doorkeeper';
import { memoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const MINUTES = 60_000;
const HOUR = 60 * MINUTES;
const PIN = '73914628';
const hidden: Caller = { number: undefined, channel: 'PJSIP/carrier-1' };
const showing = (number: string): Caller => ({ number, channel: 'PJSIP/carrier-1' });

let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall);
  await gate.operations.init({ by: 'root' });
  await gate.operations.accountAdd({ by: 'root', number: '12', pin: PIN, callers: ['+1 404 555 1212'] });
});
afterEach(() => gate.close());

const comesIn = async (pin: string, caller = hidden, account = '12') =>
  (await gate.doorkeeper.identify(account, pin, caller)) !== undefined;
const fails = async (times: number, caller = hidden, account = '12') => {
  for (let n = 0; n < times; n++) expect(await comesIn('00000000', caller, account)).toBe(false);
};
const journal = async () => (await gate.operations.log({ limit: 100 })).map(({ action, what }) => `${action} ${what}`);

describe('a right PIN', () => {
  it('lets its owner in', async () => expect(await comesIn(PIN)).toBe(true));

  it('clears the count', async () => {
    await fails(4);
    expect(await comesIn(PIN)).toBe(true);
    await fails(4);
    expect(await comesIn(PIN)).toBe(true);
  });

  it('as the fifth try counts as right and locks nothing', async () => {
    await fails(4);
    expect(await comesIn(PIN)).toBe(true);
    expect(await comesIn(PIN)).toBe(true);
    expect(await journal()).not.toContain('locked 12');
  });

  it('does not help a disabled account', async () => {
    await gate.operations.accountEnable({ by: 'root', number: '12', enabled: false });
    expect(await comesIn(PIN)).toBe(false);
  });
});

describe('five wrong PINs', () => {
  it('lock the account for a quarter of an hour, for the right PIN too', async () => {
    await fails(5);
    expect(await comesIn(PIN)).toBe(false);
    await gate.clock.advance(15 * MINUTES - 1);
    expect(await comesIn(PIN)).toBe(false);
    await gate.clock.advance(1);
    expect(await comesIn(PIN)).toBe(true);
  });

  it('lock twice as long each time, at most a day', async () => {
    for (const minutes of [15, 30, 60, 120, 240, 480, 960, 1440, 1440]) {
      await fails(5);
      await gate.clock.advance(minutes * MINUTES - 1);
      expect(await comesIn(PIN)).toBe(false);
      await gate.clock.advance(1);
    }
    expect(await comesIn(PIN)).toBe(true);
  });

  it('are told to the owner and the journal, without the PIN', async () => {
    await fails(5);
    expect(gate.notices.map(({ kind }) => kind)).toEqual(['locked']);
    expect((await journal()).slice(-2)).toEqual(['login-failed 12', 'locked 12']);
    expect(JSON.stringify([gate.notices, gate.logged, await gate.operations.log({ limit: 100 })])).not.toContain(
      '00000000',
    );
  });

  it('lock a number that is no account just the same, and look at as many PINs', async () => {
    await fails(6, hidden, '99');
    const lookedAt = gate.pinsLookedAt();
    await fails(6);
    expect(gate.pinsLookedAt() - lookedAt).toBe(lookedAt);
  });

  it('of a stranger do not lock out the owner who calls from his own number', async () => {
    await fails(5);
    expect(await comesIn(PIN)).toBe(false);
    expect(await comesIn(PIN, showing('14045551212'))).toBe(true);
  });

  it('from his own number lock that one too', async () => {
    await fails(5, showing('14045551212'));
    expect(await comesIn(PIN, showing('14045551212'))).toBe(false);
    expect(await comesIn(PIN)).toBe(true);
  });

  it('are forgiven by the admin', async () => {
    await fails(5);
    expect((await gate.operations.accountShow({ number: '12' })).lockedUntil).not.toBeNull();
    await gate.operations.accountUnlock({ by: 'root', number: '12' });
    expect(await comesIn(PIN)).toBe(true);
  });
});

it('twenty calls at once on one account get five tries, not twenty', async () => {
  await Promise.all(Array.from({ length: 19 }, () => comesIn('00000000')));
  const counted = await gate.store.tries(`account ${gate.parts.vault.disguise('12')}`);
  expect(counted.failures).toBe(5);
  expect(await comesIn(PIN)).toBe(false);
});

it('ten failures an hour lock a caller’s number, whichever accounts he tried', async () => {
  const thief = showing('15550100');
  for (let n = 0; n < 10; n++) await fails(1, thief, String(20 + n));
  expect(await comesIn(PIN, thief)).toBe(false);
  expect(await comesIn(PIN, showing('15550101'))).toBe(true);
  await gate.clock.advance(HOUR + 1);
  expect(await comesIn(PIN, thief)).toBe(true);
});

it('past thirty failures an hour the admin is mailed once, and every wrong answer waits', async () => {
  for (let n = 0; n < 30; n++) await fails(1, hidden, String(100 + n));
  expect(gate.notices).toEqual([]);
  for (const account of ['200', '201']) {
    const answer = comesIn('00000000', hidden, account);
    await gate.clock.advance(4999);
    expect(gate.clock.sleepers).toBe(1);
    await gate.clock.advance(1);
    expect(await answer).toBe(false);
  }
  expect(gate.notices.map(({ kind }) => kind)).toEqual(['guessing']);
});

it('a restart forgives nothing, because a try is counted before the PIN is looked at', async () => {
  const verify = jest.spyOn(gate.parts.vault, 'verify').mockImplementation(() => new Promise(() => undefined));
  for (let n = 0; n < 5; n++) void comesIn(PIN); // the machine dies while the PINs are being looked at
  while (verify.mock.calls.length < 5) await gate.clock.advance(0);
  verify.mockRestore();
  expect(await comesIn(PIN)).toBe(false);
});
