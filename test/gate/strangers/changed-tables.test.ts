/** After each change of the tables: who is registered and a stranger now goes, who is none any more is let go. */
import type { Peer } from '../../../src/domain/phones';
import { DBIP_LINES } from '../../support/country-files';
import { refreshFrom } from '../../support/country-refresh';
import { AppError } from '../../../src/errors';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const [US, DE, JP] = ['192.0.2.7', '198.51.100.7', '203.0.113.7'];
const JAPAN_MOVED = DBIP_LINES.replace('255,JP', '255,US').replace('255,DE', '255,FR');

let gate: TestGate;
async function start(registrations: string, more = ''): Promise<void> {
  gate = await testGate(memoryFirewall, `[country]\nregistrations = "${registrations}"\n${more}`, {
    own: ['192.0.2.1'],
  });
  await gate.operations.init({ by });
  await refresh(DBIP_LINES);
}
afterEach(() => gate.close());

const refresh = (lines: string, dryRun = false) => refreshFrom(gate, by, lines, dryRun);
const countries = (...letters: string[]) => ({ by, countries: letters });
const phone = (name: string, from: string): Peer => ({ name, channel: 'IAX2', address: address(from), kind: 'phone' });
const blocks = async () =>
  (await gate.parts.firewall.members('block')).map(({ network, secondsLeft }) => [network, secondsLeft]);
const register = async (from: string) => {
  await gate.proof({ extension: '701', address: address(from) });
  await gate.settled();
};

it('who is denied while nobody is permitted is a stranger to every judge, and nobody else is', async () => {
  await start('enforce', 'calls = "enforce"');
  gate.asterisk.peersNow = [phone('701', DE), phone('702', US)];
  const { cutOff } = await gate.operations.countryDeny(countries('DE'));
  expect(cutOff).toEqual([`phone 701 ${DE} (Germany (DE))`]);
  const { stranger } = await gate.strangerDoor.check(address(DE), { number: undefined, channel: 'SIP/1' });
  expect([stranger, await blocks()]).toEqual([true, [[DE, undefined]]]);
  expect((await gate.operations.check({})).map(({ ok }) => ok)).toEqual([false, true]);
  await gate.operations.countryForget(countries('DE'));
  expect(await blocks()).toEqual([]);
  await gate.operations.rangeDeny({ by, first: DE });
  await register(DE);
  expect(await blocks()).toEqual([[DE, undefined]]);
});

describe('who is registered and becomes a stranger is blocked at once', () => {
  beforeEach(async () => {
    await start('enforce', 'exceptions = ["198.51.100.200"]');
    gate.asterisk.peersNow = [phone('701', DE), phone('702', US), phone('703', '198.51.100.200')];
  });
  const permitBoth = () => gate.operations.countryPermit(countries('US', 'DE'));

  it('by the first country that is permitted, and the command names him', async () => {
    const { cutOff } = await gate.operations.countryPermit(countries('US'));
    expect(cutOff).toEqual([`phone 701 ${DE} (Germany (DE))`]);
    expect(await blocks()).toEqual([[DE, undefined]]);
    expect(gate.asterisk.asked).toContain(`hangUp ${DE}`);
  });

  it.each([
    ['country deny', () => gate.operations.countryDeny(countries('DE'))],
    ['country forget', () => gate.operations.countryForget(countries('DE'))],
    ['range deny', () => gate.operations.rangeDeny({ by, first: DE })],
    ['country refresh', () => refresh(JAPAN_MOVED)],
  ] as const)('by %s, and the command names him', async (_, change) => {
    await permitBoth();
    expect(await blocks()).toEqual([]);
    const { cutOff } = await change();
    expect(cutOff).toEqual([expect.stringContaining(`phone 701 ${DE}`)]);
    expect(await blocks()).toEqual([[DE, undefined]]);
  });

  it('by the end of a range that was permitted', async () => {
    await gate.operations.rangePermit({ by, first: DE });
    await gate.operations.countryPermit(countries('US'));
    expect(await blocks()).toEqual([]);
    await gate.operations.rangeRemove({ by, first: DE });
    expect(await blocks()).toEqual([[DE, undefined]]);
  });

  it.each([
    ['country permit', () => gate.operations.countryPermit({ ...countries('US'), dryRun: true })],
    ['country deny', () => gate.operations.countryDeny({ ...countries('DE'), dryRun: true })],
  ] as const)('but not by a dry run of %s, which says who would be', async (_, change) => {
    if (_ === 'country deny') await permitBoth();
    expect((await change()).cutOff).toEqual([`phone 701 ${DE} (Germany (DE))`]);
    expect(await blocks()).toEqual([]);
  });

  it('nor by a dry run of country refresh', async () => {
    await permitBoth();
    expect((await refresh(JAPAN_MOVED, true)).cutOff).toEqual([`phone 701 ${DE} (France (FR))`]);
    expect(await blocks()).toEqual([]);
  });

  it('unless an admin has let him in, or he is protected', async () => {
    gate.asterisk.peersNow = [phone('701', DE), phone('704', '198.51.100.1')];
    gate.scene.resolvers = [address('198.51.100.1')];
    await gate.operations.allow({ by, what: DE });
    expect(await gate.operations.countryPermit(countries('US'))).toMatchObject({
      outside: [`phone 704 198.51.100.1 (Germany (DE))`],
      cutOff: [],
    });
    expect(await blocks()).toEqual([]);
  });
});

it('where registrations are only reported nobody is cut off by a change', async () => {
  await start('report');
  gate.asterisk.peersNow = [phone('701', DE)];
  expect(await gate.operations.countryPermit(countries('US'))).toMatchObject({
    outside: [`phone 701 ${DE} (Germany (DE))`],
    cutOff: [],
  });
  expect(await blocks()).toEqual([]);
});

describe('who is blocked as a stranger', () => {
  beforeEach(() => start('enforce'));

  it.each([
    ['country permit', () => gate.operations.countryPermit(countries('JP'))],
    ['country forget of the last one', () => gate.operations.countryForget(countries('US'))],
    ['range permit', () => gate.operations.rangePermit({ by, first: JP })],
    ['country refresh, where it is another country now', () => refresh(JAPAN_MOVED)],
  ] as const)('is let go by %s', async (_, change) => {
    await gate.operations.countryPermit(countries('US'));
    await register(JP);
    expect(await blocks()).toEqual([[JP, undefined]]);
    await change();
    expect(await blocks()).toEqual([]);
  });

  it('is let go when the range that denied him is removed', async () => {
    await gate.operations.countryPermit(countries('JP'));
    await gate.operations.rangeDeny({ by, first: JP });
    await register(JP);
    expect(await blocks()).toEqual([[JP, undefined]]);
    await gate.operations.rangeRemove({ by, first: JP });
    expect(await blocks()).toEqual([]);
  });

  it('stays blocked by a change that is about others, and by a dry run', async () => {
    await gate.operations.countryPermit(countries('US'));
    await register(JP);
    await gate.operations.countryPermit(countries('DE'));
    await gate.operations.countryPermit({ ...countries('JP'), dryRun: true });
    expect(await blocks()).toEqual([[JP, undefined]]);
  });
});

it('a block lasts as long as the settings say', async () => {
  await start('enforce', 'block = "30d"');
  await gate.operations.countryPermit(countries('US'));
  await register(JP);
  expect(await blocks()).toMatchObject([[JP, expect.any(Number)]]);
  expect(await gate.operations.list({})).toMatchObject([
    { until: new Date(gate.clock.now().getTime() + 30 * 86_400_000).toISOString() },
  ]);
});

describe('what the kernel refuses at first', () => {
  const BY_COUNTRY = '[services.web]\npolicy = "countries"\nports = ["tcp/443"]\n';
  let firewall: MemoryFirewall;
  const refused = async (change: () => Promise<unknown>) => {
    firewall.applyFault = new AppError('FIREWALL_FAILED', 'the kernel said no', 'tollgate status');
    await expect(change()).rejects.toThrow('the kernel said no');
    await expect(gate.reconcile()).rejects.toThrow('the kernel said no');
    firewall.applyFault = undefined;
  };
  beforeEach(async () => {
    gate = await testGate(
      (clock) => (firewall = memoryFirewall(clock)),
      `[country]\nregistrations = "enforce"\n${BY_COUNTRY}`,
      { own: ['192.0.2.1'] },
    );
    await gate.operations.init({ by });
    await refresh(DBIP_LINES);
    await gate.operations.countryPermit(countries('US', 'DE'));
    gate.asterisk.peersNow = [phone('701', DE)];
  });

  it('is followed by the block of a registered stranger as soon as it is taken', async () => {
    await refused(() => gate.operations.countryForget(countries('DE')));
    expect(await blocks()).toEqual([]);
    await gate.reconcile();
    expect(await blocks()).toEqual([[DE, undefined]]);
  });

  it('and by the end of the block of one who is none any more, told in the name of who changed it', async () => {
    await register(JP);
    await refused(() => refresh(JAPAN_MOVED));
    expect(await blocks()).toEqual([[JP, undefined]]);
    await gate.reconcile();
    expect(await blocks()).toEqual([[DE, undefined]]);
    const lines = await gate.operations.log({ since: new Date(0).toISOString(), limit: 100 });
    expect(lines.filter(({ action }) => action === 'unblock')).toMatchObject([{ by, what: JP, from: 'command' }]);
  });
});
