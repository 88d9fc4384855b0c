/** Where the SRV records of a name lead: let in with it by telephone, and followed beside its own addresses. */
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const TRUNK = 'trunk.example.com';
const HOUR = 3_600_000;
let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  gate.names.set(TRUNK, { A: ['198.51.100.1'] });
  gate.names.set(`_sip._udp.${TRUNK}`, { SRV: ['one.example.com'] });
  gate.names.set('one.example.com', { A: ['198.51.100.2'] });
});
afterEach(() => gate.close());

const allow = (services?: readonly string[], more: object = {}) =>
  gate.operations.allow({ by, what: TRUNK, ...(services && { services }), ...more });
const held = (set = 'sip') => firewall.held().flatMap((line) => new RegExp(`^${set} (.*)$`).exec(line)?.[1] ?? []);
const later = async (ms = 61_000) => {
  await gate.clock.advance(ms);
  await gate.tick();
  await gate.followNames(new AbortController().signal);
};
const state = async () => (await gate.operations.list({}))[0]?.state;

it('is open with the name’s own addresses, as one entry', async () => {
  expect(await allow()).toMatchObject({ what: TRUNK, kind: 'name', addresses: ['198.51.100.1', '198.51.100.2'] });
  expect(held()).toEqual(['198.51.100.1', '198.51.100.2']);
  expect(held('rtp')).toEqual(held());
});

it.each(['_sip._tcp', '_sips._tcp'])('is found by %s too, of a name that has no address itself', async (service) => {
  gate.names.remove(`_sip._udp.${TRUNK}`);
  gate.names.set(TRUNK, {});
  gate.names.set(`${service}.${TRUNK}`, { SRV: ['one.example.com'] });
  await allow(['sip', 'rtp']);
  expect(held()).toEqual(['198.51.100.2']);
});

it('is let in for nothing but telephones, whatever the name is let in for', async () => {
  await allow(['phone', 'ssh']);
  expect(held('ssh')).toEqual(['198.51.100.1']);
  expect(held()).toEqual(['198.51.100.1', '198.51.100.2']);
});

it.each([[['ssh']], [['iax']], [['all']]])('is not asked for when the name is let in for %s', async (services) => {
  await allow(services);
  expect(firewall.held().join()).not.toContain('198.51.100.2');
  expect(gate.names.asked.filter((question) => question.startsWith('SRV'))).toEqual([]);
});

it('is followed: what it leads to now is opened, what it led to stays for an hour', async () => {
  await allow();
  gate.names.set(`_sip._udp.${TRUNK}`, { SRV: ['two.example.com'] });
  gate.names.set('two.example.com', { A: ['198.51.100.3'] });
  await later();
  expect(held()).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3']);
  await later(HOUR);
  expect(held()).toEqual(['198.51.100.1', '198.51.100.3']);
});

it('stays open while it cannot be asked for, with a mark, and the name’s own addresses are followed meanwhile', async () => {
  await allow();
  gate.names.set(`_sip._udp.${TRUNK}`, { fails: ['SRV'] });
  gate.names.set(TRUNK, { A: ['198.51.100.9'] });
  await later();
  await later(HOUR);
  expect(held()).toEqual(['198.51.100.2', '198.51.100.9']);
  expect(await state()).toBe('stale');
});

it('does not matter where it never led anywhere, and its name server knows no such questions', async () => {
  for (const service of ['_sip._udp', '_sip._tcp', '_sips._tcp']) {
    gate.names.set(`${service}.${TRUNK}`, { fails: ['SRV'] });
  }
  await allow();
  gate.names.set(TRUNK, { A: ['198.51.100.9'] });
  await later();
  await later(HOUR);
  expect(held()).toEqual(['198.51.100.9']);
  expect(await state()).toBe('active');
});

it('is opened as soon as it can be asked for', async () => {
  gate.names.set(`_sip._udp.${TRUNK}`, { fails: ['SRV'] });
  await allow();
  expect(held()).toEqual(['198.51.100.1']);
  gate.names.set(`_sip._udp.${TRUNK}`, { SRV: ['one.example.com'] });
  await later();
  expect(held()).toEqual(['198.51.100.1', '198.51.100.2']);
});

it('is never this machine or its LAN, and that is told', async () => {
  await allow();
  gate.names.set('one.example.com', { A: ['198.51.100.2', '10.0.0.1', '203.0.113.1'] });
  await later();
  expect(held()).toEqual(['198.51.100.1', '198.51.100.2']);
  expect(gate.notices).toMatchObject([{ kind: 'name-refused', refused: ['10.0.0.1', '203.0.113.1'] }]);
});

it('is what explain means by the name, where it has no address itself', async () => {
  gate.names.set(TRUNK, {});
  expect(await gate.operations.explain({ what: TRUNK })).toMatchObject({ address: '198.51.100.2' });
});
