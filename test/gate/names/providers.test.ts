import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const SIP = 'sip.callcentric.net';
const NETWORKS = ['199.87.144.0/21', '204.11.192.0/22'];
let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  gate.names.set('callcentric.com', { A: ['198.51.100.1'] });
  gate.names.set(SIP, {});
  gate.names.set(`_sip._udp.${SIP}`, { SRV: ['one.callcentric.net'] });
  gate.names.set('one.callcentric.net', { A: ['198.51.100.2'] });
});
afterEach(() => gate.close());

const allow = (what = 'callcentric', more: object = {}) => gate.operations.allow({ by, what, ...more });
const held = (set: string) => firewall.held().flatMap((line) => new RegExp(`^${set} (.*)$`).exec(line)?.[1] ?? []);
const later = async () => {
  await gate.clock.advance(61_000);
  await gate.tick();
  await gate.followNames(new AbortController().signal);
};

it('is let in as one: its names, where their SRV records lead, and its networks', async () => {
  expect(await allow('CallCentric')).toMatchObject({ what: 'callcentric', kind: 'provider', services: ['sip', 'rtp'] });
  expect(held('sip')).toEqual(['198.51.100.1', '198.51.100.2', ...NETWORKS]);
  expect(held('rtp')).toEqual(held('sip'));
  expect(held('iax')).toEqual([]);
  expect(await gate.operations.list({})).toHaveLength(1);
  await gate.operations.revoke({ by, what: 'callcentric' });
  expect(firewall.held().filter((line) => !line.startsWith('was'))).toEqual([]);
});

it('has media networks for sound alone, and none when sound is not asked for', async () => {
  await allow('twilio');
  expect(held('rtp')).toContain('168.86.128.0/18');
  expect(held('sip')).not.toContain('168.86.128.0/18');
  expect(held('sip')).toContain('54.172.60.0/30');
  await gate.operations.revoke({ by, what: 'twilio' });
  await allow('twilio', { services: ['sip'] });
  expect(held('rtp')).toEqual([]);
  expect(held('sip')).toContain('54.172.60.0/30');
});

it('is followed when its SRV records lead elsewhere', async () => {
  await allow();
  gate.names.set(`_sip._udp.${SIP}`, { SRV: ['two.callcentric.net'] });
  gate.names.set('two.callcentric.net', { A: ['198.51.100.3'] });
  await later();
  expect(held('sip')).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3', ...NETWORKS]);
  await gate.clock.advance(3_600_000);
  await later();
  expect(held('sip')).toEqual(['198.51.100.1', '198.51.100.3', ...NETWORKS]);
});

it('keeps every address while one kind of question fails, and is marked', async () => {
  await allow();
  gate.names.set(`_sip._udp.${SIP}`, { fails: ['SRV'] });
  await later();
  await gate.clock.advance(3_600_000);
  await later();
  expect(held('sip')).toEqual(['198.51.100.1', '198.51.100.2', ...NETWORKS]);
  expect(await gate.operations.list({})).toMatchObject([{ state: 'stale' }]);
});

it('is let in with what is known of it when DNS does not answer, and with the rest as soon as it does', async () => {
  gate.names.fail('192.0.2.53 did not answer in time');
  await allow();
  expect(held('sip')).toEqual(NETWORKS);
  gate.names.fail(undefined);
  await later();
  expect(held('sip')).toEqual(['198.51.100.1', '198.51.100.2', ...NETWORKS]);
});

it('of names alone is refused when DNS does not answer', async () => {
  gate.names.fail('192.0.2.53 did not answer in time');
  await expect(allow('sipgate')).rejects.toMatchObject({ code: 'DNS_FAILED' });
  expect(await gate.operations.list({})).toEqual([]);
});

it('is not marked for a name that it never had', async () => {
  gate.names.remove('callcentric.com');
  await allow();
  await later();
  expect(await gate.operations.list({})).toMatchObject([{ state: 'active' }]);
});

it('that was mistyped is proposed', async () => {
  await expect(allow('calcentric')).rejects.toMatchObject({
    code: 'MISUSED',
    hint: expect.stringContaining('did you mean "callcentric"?') as string,
  });
});

it('that this version knows no more stays open as it is', async () => {
  await allow();
  const [group] = await gate.store.liveGroups(gate.clock.now());
  if (!group) throw new Error('it was let in');
  const entries = await gate.store.liveEntriesIn(group.id, gate.clock.now());
  await gate.operations.revoke({ by, what: 'callcentric' });
  const old = await gate.store.addGroup({ ...group, what: 'teliax', state: 'open' });
  for (const entry of entries) await gate.store.addEntry({ ...entry, state: 'open', partOf: old.id });
  await later();
  expect(await gate.store.liveEntriesIn(old.id, gate.clock.now())).toHaveLength(entries.length);
});
