import { REGISTERED, type Known } from '../../../src/domain/far-ends';
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ABROAD = '198.51.100.9';
const HOME = '203.0.113.7';
const by = 'root';
const caller = { number: '14045551212', channel: 'PJSIP/anonymous-1' };

let gate: TestGate;
afterEach(() => gate.close());

/** Only 203.0.113.0/24 is permitted, and it is only told to Tollgate by hand: there are no country data. */
async function start(settings: string): Promise<void> {
  gate = await testGate(memoryFirewall, `[call]\nallow_documentation_addresses = true\n[country]\n${settings}`, {
    own: ['192.0.2.1'],
  });
  await gate.operations.init({ by });
  await gate.operations.rangePermit({ by, first: '203.0.113.0', last: '203.0.113.255' });
}
/** As Asterisk's settings name it. */
const trunk = (setting: string, value: string): Known => ({
  mentions: [{ of: 'endpoint carrier', setting, value, form: 'hosts', speaks: 'sip' }],
  leftOut: [],
});
const check = (from: string | undefined) =>
  gate.strangerDoor.check(from === undefined ? undefined : address(from), caller);
const isStranger = async (from: string | undefined) => (await check(from)).stranger;
const journal = async () => {
  await gate.settled();
  const lines = await gate.operations.log({ limit: 1000 });
  return lines.filter(({ action }) => action === 'stranger').map(({ what, why }) => `${what}: ${why}`);
};

describe('a call from an address that is not permitted', () => {
  it('is a stranger’s, in both families, and the journal says so', async () => {
    await start('calls = "enforce"');
    expect(await check(ABROAD)).toEqual({
      stranger: true,
      country: undefined,
      reason: 'an unknown country is not permitted',
    });
    expect(await isStranger('2001:db8:9::1')).toBe(true);
    expect(await isStranger(HOME)).toBe(false);
    expect(await isStranger('10.1.2.3')).toBe(false);
    expect(await journal()).toEqual([
      `${ABROAD}: A call that shows the number 14045551212: an unknown country is not permitted. It was refused.`,
      expect.stringContaining('2001:db8:9::1'),
    ]);
  });

  it('is only told of where "report" is the setting, with what "enforce" would have done', async () => {
    await start('calls = "report"');
    expect(await check(ABROAD)).toMatchObject({
      stranger: false,
      reason: expect.stringContaining('only reported') as string,
    });
    expect(await journal()).toEqual([expect.stringContaining('"enforce" would have refused it.')]);
  });

  it('is nothing where the check is off', async () => {
    await start('calls = "off"');
    expect(await isStranger(ABROAD)).toBe(false);
    expect(await journal()).toEqual([]);
  });

  it('is nobody’s while nothing is permitted: an empty table takes no effect', async () => {
    await start('calls = "enforce"');
    await gate.operations.rangeRemove({ by, first: '203.0.113.0', last: '203.0.113.255' });
    expect(await check(ABROAD)).toMatchObject({
      stranger: false,
      reason: expect.stringContaining('only who is denied') as string,
    });
  });

  it('is a stranger’s from a denied range within a permitted one', async () => {
    await start('calls = "enforce"');
    await gate.operations.rangeDeny({ by, first: HOME });
    expect(await check(HOME)).toMatchObject({ stranger: true, reason: expect.stringContaining('denied') as string });
  });
});

describe('no strangers are', () => {
  beforeEach(() => start('calls = "enforce"\nexceptions = ["198.51.100.128/25", "sip.example.com"]'));

  it('this PBX itself, and whoever has an open entry', async () => {
    expect(await isStranger('192.0.2.1')).toBe(false);
    await gate.operations.allow({ by, what: ABROAD, services: ['sip'] });
    expect(await check(ABROAD)).toMatchObject({
      stranger: false,
      reason: expect.stringMatching(/^open by entry \d+$/) as string,
    });
    await gate.operations.revoke({ by, what: ABROAD });
    expect(await isStranger(ABROAD)).toBe(true);
  });

  it('trunks that Asterisk knows, also when it does not answer any more', async () => {
    gate.asterisk.knownNow = trunk('contact', ABROAD);
    expect(await isStranger(ABROAD)).toBe(false);
    gate.asterisk.isDown = true;
    await gate.clock.advance(HOUR);
    expect(await isStranger(ABROAD)).toBe(false);
    expect(await isStranger('198.51.100.10')).toBe(true);
  });

  it('trunks that Asterisk knows by a network or a name, as its settings for FreePBX do', async () => {
    gate.asterisk.knownNow = trunk('match', '198.51.100.0/28, sip.carrier.example');
    gate.names.set('sip.carrier.example', { A: ['198.51.100.20'], AAAA: ['2001:db8:9::1'] });
    for (const from of [ABROAD, '198.51.100.20', '2001:db8:9::1']) expect(await isStranger(from)).toBe(false);
    expect(await isStranger('198.51.100.21')).toBe(true);
    gate.names.set('sip.carrier.example', { A: ['198.51.100.21'], fails: ['AAAA'] });
    await gate.clock.advance(HOUR);
    await gate.followNames(new AbortController().signal);
    expect(await isStranger('198.51.100.21')).toBe(false);
    expect(await isStranger('198.51.100.20')).toBe(true);
    expect(await isStranger('2001:db8:9::1')).toBe(false);
  });

  it('but a phone may be one: its password may have been stolen', async () => {
    gate.asterisk.knownNow = trunk(REGISTERED, ABROAD);
    expect(await isStranger(ABROAD)).toBe(true);
  });

  it('those whom Asterisk has been asked for lately, without asking it for each call', async () => {
    gate.asterisk.asked.length = 0;
    for (let i = 1; i <= 100; i++) await check(`198.51.100.${i}`);
    expect(gate.asterisk.asked.filter((what) => what === 'known')).toHaveLength(1);
    gate.asterisk.knownNow = trunk('contact', ABROAD);
    expect(await isStranger(ABROAD)).toBe(true);
    await gate.clock.advance(MINUTE);
    expect(await isStranger(ABROAD)).toBe(false);
  });

  it('networks and names of the settings, a name as long as DNS is away', async () => {
    expect(await isStranger('198.51.100.200')).toBe(false);
    expect(await isStranger(ABROAD)).toBe(true);
    gate.names.set('sip.example.com', { A: [ABROAD] });
    await gate.clock.advance(HOUR);
    const stop = new AbortController().signal;
    await gate.followNames(stop);
    expect(await isStranger(ABROAD)).toBe(false);
    gate.names.fail('no answer');
    await gate.clock.advance(HOUR);
    await gate.followNames(stop);
    expect(await isStranger(ABROAD)).toBe(false);
    gate.names.fail(undefined);
    gate.names.set('sip.example.com', { A: ['198.51.100.10'] });
    await gate.clock.advance(HOUR);
    await gate.followNames(stop);
    expect([await isStranger(ABROAD), await isStranger('198.51.100.10')]).toEqual([true, false]);
  });
});

describe('what cannot be judged', () => {
  /** Asterisk takes the question and is then silent. */
  const silence = () => Object.assign(gate.asterisk, { known: () => new Promise<never>(() => undefined) });

  for (const [fail, stranger] of [
    ['open', false],
    ['closed', true],
  ] as const) {
    it(`is ${stranger ? 'a stranger’s' : 'let in'} where fail is "${fail}": no address, or no answer in a second`, async () => {
      await start(`calls = "enforce"\nfail = "${fail}"`);
      expect(await check(undefined)).toMatchObject({
        stranger,
        reason: expect.stringContaining('no address') as string,
      });
      silence();
      const answer = check(ABROAD);
      await gate.clock.advance(1000);
      expect(await answer).toMatchObject({
        stranger,
        reason: expect.stringContaining('could not be judged') as string,
      });
    });
  }

  it('is let in where strangers are only reported', async () => {
    await start('calls = "report"\nfail = "closed"');
    expect(await isStranger(undefined)).toBe(false);
  });
});

describe('a flood of strangers’ calls', () => {
  it('from one address is one line of the journal an hour, and one mail', async () => {
    await start('calls = "enforce"');
    for (let i = 0; i < 500; i++) expect(await isStranger(ABROAD)).toBe(true);
    expect(await journal()).toHaveLength(1);
    await gate.clock.advance(MINUTE);
    await gate.tick();
    expect(gate.notices.filter(({ kind }) => kind === 'intruders')).toMatchObject([{ news: { length: 1 } }]);
    await gate.clock.advance(HOUR);
    await check(ABROAD);
    expect(await journal()).toHaveLength(2);
  });

  it('from ever new addresses does not fill the journal', async () => {
    await start('calls = "enforce"');
    for (let i = 0; i < 120; i++) await check(`198.51.100.${i}`);
    expect(await journal()).toHaveLength(60);
    await gate.clock.advance(MINUTE);
    await check('198.51.100.200');
    expect(await journal()).toHaveLength(61);
  });
});
