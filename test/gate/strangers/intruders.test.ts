import { setImmediate as turn } from 'node:timers/promises';
import type { Login } from '../../../src/domain/login';
import { attackWatch } from '../../../src/gate/strangers/attack-watch';
import { openExempt } from '../../../src/gate/strangers/exempt';
import { Doors } from '../../../src/gate/doors/doors';
import { openGate } from '../../../src/gate/gate';
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const THIEF = '198.51.100.9';
const PIN = '73914628';
const caller = { number: '14045551212', channel: 'PJSIP/carrier-1' };
const by = 'root';

let gate: TestGate;
async function start(settings = ''): Promise<void> {
  gate = await testGate(memoryFirewall, `[call]\nallow_documentation_addresses = true\n${settings}`);
  await gate.operations.init({ by });
}
afterEach(() => gate.close());

const blocks = async () =>
  (await gate.parts.firewall.members('block')).map(({ network, secondsLeft }) => ({ network, secondsLeft }));
const journal = async (action: string) =>
  (await gate.operations.log({ limit: 1000 })).filter((line) => line.action === action).map(({ why }) => why);
async function guess(from: string, more: Partial<Login> = {}): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const account = `${700 + i}`;
    const login = { driver: 'PJSIP', outcome: 'wrong-password', wayBack: 'connection', account } as const;
    gate.login({ ...login, address: address(from), ...more });
  }
  await gate.settled();
}
async function traveller(): Promise<void> {
  await gate.operations.accountAdd({
    by,
    number: '12',
    name: 'Ann',
    email: 'a@example.com',
    pin: PIN,
    extensions: ['701'],
  });
}
async function open(what: string): Promise<void> {
  const known = await gate.doorkeeper.identify('12', PIN, caller);
  if (!known) throw new Error('the PIN is right');
  await gate.doorkeeper.open(known, address(what), caller);
}

describe('who guesses passwords', () => {
  it('is blocked, longer each time, until he was quiet for two weeks', async () => {
    await start();
    const lasts: (number | undefined)[] = [];
    for (let round = 0; round < 5; round++) {
      await guess(THIEF);
      lasts.push((await blocks())[0]?.secondsLeft);
      await gate.clock.advance(3 * DAY);
      await gate.tick();
    }
    expect(lasts).toEqual([20 * 60, 2 * 3600, 12 * 3600, 3 * 86_400, 3 * 86_400]);
    await gate.clock.advance(14 * DAY);
    await guess(THIEF);
    expect((await blocks())[0]?.secondsLeft).toBe(20 * 60);
  });

  it('is told of in the journal, with the names that he tried, and has his calls hung up', async () => {
    await start();
    await guess(THIEF);
    expect(await journal('block')).toEqual(['4 logins failed for "700", "701", "702", "703".']);
    expect(gate.asterisk.asked).toEqual(expect.arrayContaining([`hangUp ${THIEF}`, `forget ${THIEF}`]));
  });

  it('is blocked with his whole IPv6 network', async () => {
    await start();
    await guess('2001:db8:0:9::1');
    expect(await blocks()).toMatchObject([{ network: '2001:db8:0:9::/64' }]);
  });

  it('is only told of when that is what the settings say, or not at all', async () => {
    await start('[attacks]\nlogins = "report"');
    await guess(THIEF);
    expect(await blocks()).toEqual([]);
    expect(await journal('attack')).toEqual([expect.stringContaining('would be blocked')]);
    await gate.close();
    await start('[attacks]\nlogins = "off"');
    await guess(THIEF);
    expect([await blocks(), await journal('attack')]).toEqual([[], []]);
  });

  it('is not blocked by packets that anybody may have forged', async () => {
    await start();
    await guess(THIEF, { wayBack: 'no', outcome: 'unknown-account' });
    expect(await blocks()).toEqual([]);
    expect(await journal('attack')).toEqual([expect.stringContaining('forged')]);
  });

  it('is not blocked over UDP in the name of a trunk that Asterisk knows: a forger could cut it off', async () => {
    await start();
    const match = { of: 'endpoint carrier', setting: 'match', value: THIEF, form: 'hosts', speaks: 'sip' } as const;
    gate.asterisk.knownNow = { mentions: [match], leftOut: [] };
    await guess(THIEF, { wayBack: 'answer' });
    expect(await blocks()).toEqual([]);
    expect(await journal('attack')).toEqual([expect.stringContaining('a trunk that Asterisk knows')]);
    await guess(THIEF);
    expect(await blocks()).toMatchObject([{ network: THIEF }]);
  });

  it('is not blocked where something protected is: own addresses, an admin’s entry', async () => {
    await start();
    await gate.operations.allow({ by, what: THIEF, services: ['phone'] });
    await guess(THIEF);
    await guess('203.0.113.1');
    expect(await blocks()).toEqual([]);
    expect(await journal('attack')).toHaveLength(2);
  });

  it('does not cut a traveller off whose phone has registered', async () => {
    await start();
    await traveller();
    await open(THIEF);
    await gate.proof({ extension: '701', address: address(THIEF) });
    await guess(THIEF);
    expect(await blocks()).toEqual([]);
    expect(await journal('attack')).toEqual([expect.stringContaining('of account 12 is open for it')]);
  });

  it('ends a door from which no phone has registered, and the traveller is told', async () => {
    await start();
    await traveller();
    await open(THIEF);
    await guess(THIEF);
    expect(await gate.operations.list({})).toEqual([]);
    expect(await journal('revoke')).toHaveLength(1);
    expect(gate.notices).toContainEqual(expect.objectContaining({ kind: 'revoked', by: 'Tollgate' }));
  });

  it('is let in again by telephone, but never past an admin’s block', async () => {
    await start();
    await traveller();
    await guess(THIEF);
    expect(await gate.doorkeeper.refusalOf(address(THIEF))).toBeUndefined();
    await open(THIEF);
    expect(await blocks()).toEqual([]);
    expect(await gate.operations.list({})).toMatchObject([{ what: THIEF, kind: 'address' }]);
    expect([(await journal('allow')).length, (await journal('renew')).length]).toEqual([1, 0]);
    await gate.operations.block({ by, what: '198.51.100.10' });
    expect(await gate.doorkeeper.refusalOf(address('198.51.100.10'))).toEqual({ reason: 'blocked' });
  });

  it('is mailed together with all the others, once an hour', async () => {
    await start();
    const mails = () => gate.notices.filter(({ kind }) => kind === 'intruders');
    for (let i = 1; i <= 5; i++) await guess(`198.51.100.${i}`);
    await gate.tick();
    expect(mails()).toEqual([]);
    await gate.clock.advance(MINUTE);
    await gate.tick();
    expect(mails()).toMatchObject([{ news: { length: 5 }, more: 0 }]);
    await guess(THIEF);
    await gate.clock.advance(30 * MINUTE);
    await gate.tick();
    expect(mails()).toHaveLength(1);
    await gate.clock.advance(30 * MINUTE);
    await guess('198.51.100.200');
    await gate.clock.advance(MINUTE);
    await gate.tick();
    expect(mails()).toHaveLength(2);
  });

  it('is mailed before a restart, which would forget it', async () => {
    await start();
    await guess(THIEF);
    await gate.leave();
    expect(gate.notices.filter(({ kind }) => kind === 'intruders')).toMatchObject([{ news: { length: 1 } }]);
    await gate.leave();
    expect(gate.notices.filter(({ kind }) => kind === 'intruders')).toHaveLength(1);
  });

  it('cannot fill the journal with the names of others, by packets forged from everywhere', async () => {
    await start();
    const forge = async (net: number) => {
      for (let i = 0; i < 80; i++) await guess(`198.${net}.1.${i}`, { wayBack: 'no', outcome: 'unknown-account' });
    };
    await forge(51);
    expect(await journal('attack')).toHaveLength(60);
    await gate.clock.advance(MINUTE);
    await forge(52);
    expect(await journal('attack')).toHaveLength(120);
  });

  it('is blocked a few at a time where thousands come at once, and later if he goes on', async () => {
    await start();
    const many = Array.from({ length: 40 }, (_, i) => `198.51.100.${i}`);
    const login = { driver: 'PJSIP', outcome: 'wrong-password', wayBack: 'connection' } as const;
    const all = async () => {
      const silent = new Set((await blocks()).map(({ network }) => network));
      for (const from of many.filter((each) => !silent.has(address(each))))
        for (let i = 0; i < 4; i++) gate.login({ ...login, account: `${i}`, address: address(from) });
    };
    await all();
    await gate.settled();
    expect(await blocks()).toHaveLength(32);
    for (let round = 0; round < 2; round++) {
      await all();
      await gate.settled();
    }
    expect(await blocks()).toHaveLength(40);
  });

  it('is dealt with by the hundred a minute, not by the thousand: over UDP the addresses may be made up', async () => {
    await start('[attacks]\nlogins = "report"');
    const told: string[] = [];
    const noticed = (_: string, what: string) => Promise.resolve(void told.push(what));
    const desk = { noticed, blocked: () => undefined, tick: () => Promise.resolve(), flush: () => Promise.resolve() };
    const watch = attackWatch(gate.parts, new Doors(gate.parts), desk, openExempt(gate.parts));
    const all = async (net: number) => {
      const login = { driver: 'PJSIP', outcome: 'wrong-password', wayBack: 'answer' } as const;
      for (let i = 0; i < 700; i++) {
        const from = address(`198.${net}.${i >> 8}.${i & 255}`);
        for (let n = 0; n < 10; n++) watch.see({ ...login, account: `${net}-${i}`, address: from });
        await turn();
      }
    };
    await all(51);
    expect(told).toHaveLength(600);
    await gate.clock.advance(MINUTE);
    await all(52);
    expect(told).toHaveLength(1200);
  });

  it('costs nothing but time to judge: a minute of 2,000 logins a second, one address blocked once', async () => {
    await start();
    const login = {
      driver: 'PJSIP',
      outcome: 'wrong-password',
      wayBack: 'connection',
      address: address(THIEF),
    } as const;
    for (let i = 0; i < 120_000; i++) gate.login({ ...login, account: `${i % 500}` });
    await gate.settled();
    expect(await blocks()).toHaveLength(1);
    expect(await journal('block')).toHaveLength(1);
  });
});

describe('a restart of Tollgate', () => {
  const one = { driver: 'PJSIP', outcome: 'wrong-password', wayBack: 'connection', account: '701' } as const;
  const restarted = async () => {
    await gate.settled();
    const again = openGate(gate.parts, () => Promise.resolve([]));
    await again.restore();
    return again;
  };

  it('does not hide that many addresses try one account, over days', async () => {
    await start();
    for (let i = 1; i <= 9; i++) gate.login({ ...one, address: address(`198.51.100.${i}`) });
    await gate.clock.advance(2 * DAY);
    const again = await restarted();
    again.login({ ...one, address: address('198.51.100.10') });
    await again.settled();
    const told = ['10 addresses have tried passwords for account "701" within three days.'];
    expect(await journal('attack')).toEqual(told);
    const later = await restarted();
    later.login({ ...one, address: address('198.51.100.11') });
    await later.settled();
    expect(await journal('attack')).toEqual(told);
  });

  it('does not forget where good passwords come from, whatever is forged in their name', async () => {
    await start();
    const office = { name: '702', address: address(THIEF), kind: 'phone' } as const;
    await gate.parts.store.saveHeard([office], gate.clock.now());
    const again = await restarted();
    for (let i = 0; i < 100; i++) {
      again.login({ ...one, account: `${i}`, address: office.address, wayBack: 'answer' });
    }
    await again.settled();
    expect(await blocks()).toEqual([]);
  });
});

describe('a stranger who registers', () => {
  const stranger = { extension: '701', address: address(THIEF) };
  const begin = async (force: string, more = '') => {
    await start(`[country]\nregistrations = "${force}"\n${more}`);
    await gate.operations.rangePermit({ by, first: '203.0.113.0', last: '203.0.113.255' });
  };
  const register = async (proof = stranger) => {
    await gate.proof(proof);
    await gate.settled();
  };

  it('is blocked for good, calls and contacts with him, and told of', async () => {
    await begin('enforce');
    await register();
    expect(await blocks()).toEqual([{ network: THIEF, secondsLeft: undefined }]);
    expect(gate.asterisk.asked).toEqual(expect.arrayContaining([`hangUp ${THIEF}`, `forget ${THIEF}`]));
    expect(await journal('block')).toEqual([expect.stringMatching(/^A good password for 701 came from /)]);
  });

  it('is let be when he comes from where it is permitted, or is a traveller with an open door', async () => {
    await begin('enforce');
    await traveller();
    await open(THIEF);
    await register();
    await register({ extension: '702', address: address('203.0.113.7') });
    expect(await blocks()).toEqual([]);
  });

  it('is none where the settings list him, or Asterisk is set up to call: providers log in with passwords too', async () => {
    await begin('enforce', 'exceptions = ["198.51.100.128/25", "sip.example.com"]');
    gate.names.set('sip.example.com', { A: ['198.51.100.20'] });
    const match = {
      of: 'endpoint carrier',
      setting: 'match',
      value: '198.51.100.30',
      form: 'hosts',
      speaks: 'sip',
    } as const;
    gate.asterisk.knownNow = { mentions: [match], leftOut: [] };
    for (const from of ['198.51.100.200', '198.51.100.20', match.value]) {
      await register({ extension: 'carrier', address: address(from) });
    }
    expect([await blocks(), await journal('stranger')]).toEqual([[], []]);
    await register();
    expect(await blocks()).toMatchObject([{ network: THIEF }]);
  });

  it('is let go when DNS tells that he is an exception, which it did not at a start', async () => {
    await begin('enforce', 'exceptions = ["sip.example.com"]');
    gate.names.fail('no answer');
    await register();
    expect(await blocks()).toMatchObject([{ network: THIEF }]);
    gate.names.fail(undefined);
    gate.names.set('sip.example.com', { A: [THIEF] });
    await gate.clock.advance(HOUR);
    await gate.followNames(new AbortController().signal);
    expect(await blocks()).toEqual([]);
  });

  it('is let go when his range is permitted', async () => {
    await begin('enforce');
    await register();
    await gate.operations.rangePermit({ by, first: '198.51.100.0', last: '198.51.100.255' });
    expect(await blocks()).toEqual([]);
  });

  it('is told of once a day where that is all that was asked for', async () => {
    await begin('report');
    await register();
    await register();
    expect(await blocks()).toEqual([]);
    expect(await journal('stranger')).toEqual([expect.stringContaining('"enforce" would have blocked it')]);
    await gate.clock.advance(DAY);
    await register();
    expect(await journal('stranger')).toHaveLength(2);
  });

  it('is found among those who are registered already, at a start and when Asterisk is back', async () => {
    await begin('enforce');
    gate.asterisk.peersNow = [
      { name: '701', address: address(THIEF), kind: 'phone', channel: 'PJSIP' },
      { name: '702', address: address('203.0.113.7'), kind: 'phone', channel: 'PJSIP' },
      { name: 'carrier', address: address('198.51.100.200'), kind: 'trunk', channel: 'PJSIP' },
    ];
    await gate.asteriskIsBack();
    expect(await blocks()).toMatchObject([{ network: THIEF }]);
    expect(await journal('block')).toEqual([expect.stringMatching(/^701 is registered from /)]);
    gate.asterisk.isDown = true;
    await gate.asteriskIsBack();
  });

  it('is nobody while nothing is permitted: an empty table takes no effect', async () => {
    await start('[country]\nregistrations = "enforce"');
    await register();
    expect(await blocks()).toEqual([]);
  });
});
