import { keepInSight, protectionOf } from '../../../src/gate/doors/protected';
import { net } from '../../support/net';
import { memoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall, TRUSTING);
  await gate.operations.init({ by });
  gate.scene.routes = [{ to: net('0.0.0.0/0'), device: 'eth0', gateway: net('198.51.100.254'), byDhcp: false }];
  gate.scene.resolvers = [net('198.51.100.53')];
});
afterEach(() => gate.close());
const TRUSTING = `[call]\nallow_documentation_addresses = true
[firewall]\ntrusted = [{ network = "192.168.1.0/24", device = "eth1" }]\n`;
const why = async (text: string, whose: 'hand' | 'itself') => (await protectionOf(gate.parts, net(text), whose))?.why;

it.each([
  ['203.0.113.1', "this machine's own address"],
  ['198.51.100.254', 'the gateway'],
  ['198.51.100.252/30', 'the gateway'],
  ['198.51.100.53', 'a resolver'],
  ['192.168.0.0/16', 'the trusted network on eth1'],
])('%s is never blocked: it is, or holds, %s', async (text, reason) => {
  for (const whose of ['hand', 'itself'] as const) expect(await why(text, whose)).toBe(reason);
  await expect(gate.operations.block({ by, what: text })).rejects.toMatchObject({
    code: 'REFUSED',
    what: expect.stringContaining(reason) as string,
  });
});

it('an intruder is not kept waiting by a look at the routes, which the daemon has taken before', async () => {
  const asked: (number | undefined)[] = [];
  const surroundings = {
    ...gate.parts.surroundings,
    links: (mostMs?: number) => {
      asked.push(mostMs);
      return gate.parts.surroundings.links();
    },
  };
  for (const whose of ['itself', 'hand'] as const) {
    await protectionOf({ ...gate.parts, surroundings }, net('192.0.2.66'), whose);
  }
  await keepInSight({ ...gate.parts, surroundings });
  expect(asked).toEqual([60_000, 0, 30_000]);
});

it('a piece of a trusted network is blocked by hand alone', async () => {
  expect([await why('192.168.1.66', 'itself'), await why('192.168.1.66', 'hand')]).toEqual([
    'the trusted network on eth1',
    undefined,
  ]);
});

it('the admin’s own way in is never blocked, nor a piece of it', async () => {
  await gate.operations.allow({ by, what: '192.0.2.0/28', services: ['all'], primary: true });
  for (const text of ['192.0.2.0/24', '192.0.2.3'])
    for (const whose of ['hand', 'itself'] as const) expect(await why(text, whose)).toBe("the admin's own way in");
});

it('what an admin has let in is blocked by hand alone, and a traveller’s lease protects nobody', async () => {
  await gate.operations.allow({ by, what: '192.0.2.9' });
  expect([await why('192.0.2.0/24', 'itself'), await why('192.0.2.9', 'hand')]).toEqual([
    'let in by entry 1 (192.0.2.9)',
    undefined,
  ]);
  await gate.store.addEntry({
    ...{
      kind: 'allow',
      what: '192.0.2.77',
      network: net('192.0.2.77'),
      services: ['phone'],
      account: '12',
      by: 'account 12',
    },
    ...{ since: gate.clock.now(), until: 'forever', name: undefined, note: undefined, state: 'open' },
  });
  expect(await why('192.0.2.77', 'itself')).toBeUndefined();
});
