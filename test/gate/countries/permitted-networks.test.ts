/** What services of the policy `countries` let in: told to the kernel when it changes, and to people. */
import { permittedNetworks } from '../../../src/gate/countries/permitted-networks';
import { rangeOf } from '../../../src/domain/address-range';
import type { Countries } from '../../../src/domain/country';
import { DBIP_LINES } from '../../support/country-files';
import { refreshFrom } from '../../support/country-refresh';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { net } from '../../support/net';
import { permittedOf } from '../../support/permitted';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const SETTINGS = '[services.sip]\nports = ["udp/5060"]\npolicy = "countries"\n';
const [US, DE] = ['192.0.2.7', '198.51.100.7'];

let gate: TestGate;
let firewall: MemoryFirewall;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)), SETTINGS);
  await gate.operations.init({ by });
  await gate.store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
  await gate.restore();
});
afterEach(() => gate.close());

const refresh = (lines = DBIP_LINES) => refreshFrom(gate, by, lines);
/** Of all permitted networks those that are documentation's: the private ones are always there. */
const letIn = () => {
  const { 4: ipv4, 6: ipv6 } = firewall.policy?.permitted ?? permittedOf();
  return [...ipv4.networks, ...ipv6.networks].filter((one) => /^(192\.0\.2|198\.51|203\.0\.113|2001:db8)/.test(one));
};
const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'countries');
const reason = async (what: string) => {
  const { verdict, because } = await gate.operations.explain({ what });
  const { step, text } = because.find((each) => each.text.startsWith('sip: ')) ?? { step: '', text: '' };
  return `${verdict['sip'] ?? ''}, ${step}: ${text}`;
};

it('nobody is let in before a country is permitted, and status says so', async () => {
  expect(firewall.policy?.permitted).toEqual(permittedOf());
  expect(await part()).toMatchObject({
    state: 'fail',
    detail: 'there are no country data; sip: entries alone are let in',
  });
  await refresh();
  expect([firewall.policy?.permitted?.[4].networks, (await part())?.state]).toEqual([[], 'warn']);
  expect((await part())?.detail).toMatch(/no country and no range is permitted; sip: entries alone are let in$/);
});

it('the kernel is told at once of a permitted country, a denied range, and new data', async () => {
  await refresh();
  await gate.operations.countryPermit({ by, countries: ['US'], dryRun: true });
  expect(letIn()).toEqual([]);
  await gate.operations.countryPermit({ by, countries: ['US'] });
  expect(letIn()).toEqual(['192.0.2.0/24', '2001:db8::/32']);
  await gate.operations.rangeDeny({ by, first: '192.0.2.128/25' });
  expect(letIn()).toEqual(['192.0.2.0/25', '2001:db8::/32']);
  await gate.operations.rangeRemove({ by, first: '192.0.2.128/25' });
  await gate.operations.rangePermit({ by, first: '198.51.100.0/24' });
  expect(letIn()).toEqual(['192.0.2.0/24', '198.51.100.0/24', '2001:db8::/32']);
  await refresh(DBIP_LINES.replace('203.0.113.255,JP', '203.0.113.255,US'));
  expect(letIn()).toEqual(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32']);
  await gate.operations.countryForget({ by, countries: ['US'] });
  expect(letIn()).toEqual(['198.51.100.0/24']);
  await gate.operations.countryDeny({ by, countries: ['DE'] });
  expect(letIn()).toEqual([]);
});

it('is explained for who is let in by country and who is not, and counted in status', async () => {
  await refresh();
  await gate.operations.countryPermit({ by, countries: ['US'] });
  expect(await reason(US)).toBe(
    'accept, 6 country: sip: United States (US) is permitted, and it is open to permitted countries.',
  );
  expect(await reason(DE)).toBe(
    'drop, 9 no entry: sip: no entry lets this address in, and Germany (DE) is not permitted.',
  );
  expect(await part()).toMatchObject({
    state: 'ok',
    detail: expect.stringMatching(/permitted: US; let in to sip: \d+ networks$/) as string,
  });
  await gate.operations.block({ by, what: US });
  expect(await reason(US)).toMatch(/^drop, 3 block/);
});

it('when there are more than the kernel may hold, those of before stay, and that is told', () => {
  const countries = (...texts: string[]): Countries => ({
    idle: undefined,
    lookup: () => ({ country: undefined, permit: true, deny: false, stranger: false }),
    permitted: () => texts.map((text) => rangeOf(net(text))),
  });
  const networks = permittedNetworks(2);
  const before = networks.of(countries('192.0.2.0/24', '2001:db8::/32'));
  expect(networks.of(countries('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'))).toBe(before);
  expect(networks.fault).toBe('the permitted countries have more networks than the kernel may hold (2)');
  expect(networks.of(countries('203.0.113.0/24'))).toEqual(permittedOf('203.0.113.0/24'));
  expect(networks.fault).toBeUndefined();
  expect(networks.of({ ...countries('203.0.113.0/24'), idle: 'nobody is permitted' })).toEqual(permittedOf());
});

it('is worked out in pieces, between which others have their turn', async () => {
  let asked = 0;
  const ranges = Array.from({ length: 20_000 }, (_, i) => {
    const first = BigInt(0x1000_0000 + i * 512);
    return { family: 4 as const, first, last: first + 255n };
  });
  const countries: Countries = {
    idle: undefined,
    lookup: () => ({ country: undefined, permit: true, deny: false, stranger: false }),
    permitted: () => (asked++, ranges),
  };
  const networks = permittedNetworks();
  let turns = 0;
  let others = setImmediate(function turn() {
    turns++;
    others = setImmediate(turn);
  });
  await networks.prepare(countries);
  clearImmediate(others);
  expect(turns).toBeGreaterThan(3);
  expect(networks.of(countries)).toEqual(permittedNetworks().of({ ...countries, permitted: () => ranges }));
  expect(asked).toBe(1);
});
