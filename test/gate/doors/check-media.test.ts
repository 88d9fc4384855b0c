import type { Peer } from '../../../src/domain/phones';
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const TRUNK = '198.51.100.9';
const HINT = 'set rtp_keepalive';
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall);
  await gate.operations.init({ by });
  await gate.operations.allow({ by, what: TRUNK });
  gate.asterisk.waitingNow = ['carrier', '701'];
  gate.asterisk.peersNow = [peer('carrier', TRUNK, 'trunk')];
});
afterEach(() => gate.close());

const peer = (name: string, at: string | undefined, kind: Peer['kind']): Peer => ({
  ...{ name, channel: 'PJSIP', kind },
  address: at === undefined ? undefined : address(at),
});
const why = async () => (await gate.operations.check({}))[0]?.why ?? '';

it('a trunk over which Asterisk sends nothing while it waits is told what to do, and is ok all the same', async () => {
  expect(await gate.operations.check({})).toMatchObject([{ peer: 'carrier', ok: true }]);
  expect(await why()).toMatch(/^open by entry \d+ \(198\.51\.100\.9\); in mode secure, .*set rtp_keepalive = 1/);
});

it('so is one whose name alone is known', async () => {
  gate.asterisk.peersNow = [peer('carrier', undefined, 'trunk')];
  expect(await why()).toContain(HINT);
});

it.each([
  ['is a phone, which sends its sound itself', '701', 'phone'],
  ['has rtp_keepalive, or is in no file that can be read', 'other', 'trunk'],
] as const)('one that %s is not', async (_, name, kind) => {
  gate.asterisk.peersNow = [peer(name, TRUNK, kind)];
  expect(await why()).not.toContain(HINT);
});

it('nor is one for whose media a network was let in', async () => {
  await gate.operations.allow({ by, what: '203.0.113.0/28', services: ['rtp'] });
  expect(await why()).not.toContain(HINT);
});

it('nor one that is blocked: it has other troubles', async () => {
  await gate.operations.block({ by, what: TRUNK });
  expect(await why()).toMatch(/^blocked by entry \d+$/);
});

it('Asterisk is not asked where there is no trunk', async () => {
  gate.asterisk.peersNow = [peer('701', TRUNK, 'phone')];
  await why();
  expect(gate.asterisk.asked).not.toContain('waiting');
});
