/** Letting in what is blocked: Tollgate's own blocks give way, a person's is told of. */
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const THIEF = '198.51.100.9';

let gate: TestGate;
beforeEach(async () => {
  const settings = '[call]\nallow_documentation_addresses = true\n[country]\nregistrations = "enforce"';
  gate = await testGate(memoryFirewall, settings);
  await gate.operations.init({ by });
  await gate.operations.rangePermit({ by, first: '203.0.113.0/24' });
});
afterEach(() => gate.close());

const blocks = async () => (await gate.parts.firewall.members('block')).map(({ network }) => network);
const register = async (from = THIEF) => {
  await gate.proof({ extension: '701', address: address(from) });
  await gate.settled();
};
const guess = async () => {
  const login = { driver: 'PJSIP', outcome: 'wrong-password', wayBack: 'connection', address: address(THIEF) } as const;
  for (let i = 0; i < 4; i++) gate.login({ ...login, account: `${i}` });
  await gate.settled();
};

it.each([
  ['a stranger', register],
  ['a guesser of passwords', guess],
] as const)('%s whom an admin lets in is blocked no more, and the answer and the journal say so', async (_, block) => {
  await block();
  expect(await blocks()).toEqual([THIEF]);
  const foreseen = await gate.operations.allow({ by, what: THIEF, dryRun: true });
  expect([foreseen.unblocked, await blocks()]).toMatchObject([[{ what: THIEF }], [THIEF]]);
  const { unblocked, stillBlockedBy } = await gate.operations.allow({ by, what: THIEF });
  expect([unblocked, stillBlockedBy]).toMatchObject([[{ what: THIEF, by: 'Tollgate' }], []]);
  expect(await blocks()).toEqual([]);
  const [line] = (await gate.operations.log({ limit: 50 })).filter(({ action }) => action === 'allow');
  expect(line?.why).toMatch(/198\.51\.100\.9 had been blocked by Tollgate itself, and is no more\.$/);
  await register();
  expect(await blocks()).toEqual([]);
});

it('is so for a name, a range, an IPv6 address whose network is blocked, and for who is in a network', async () => {
  await register();
  await register('2001:db8:0:9::1');
  await register('198.51.100.20');
  await register('198.51.100.40');
  expect(await blocks()).toHaveLength(4);
  gate.names.set('hotel.example.com', { A: [THIEF] });
  for (const what of ['hotel.example.com', '2001:db8:0:9::1', '198.51.100.16/28', '198.51.100.40-50']) {
    expect((await gate.operations.allow({ by, what })).unblocked).toHaveLength(1);
  }
  expect(await blocks()).toEqual([]);
});

it('a block by a person stays, and is told', async () => {
  await gate.operations.block({ by, what: '198.51.100.0/28' });
  const { unblocked, stillBlockedBy } = await gate.operations.allow({ by, what: THIEF });
  expect([unblocked, stillBlockedBy]).toMatchObject([[], [{ what: '198.51.100.0/28', by }]]);
  expect(await blocks()).toEqual(['198.51.100.0/28']);
});
