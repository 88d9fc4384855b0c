import { clock } from '../../src/clock';
import type { Firewall } from '../../src/domain/firewall';
import { makeHost, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import type { FakeClock } from '../support/fake-clock';
import { firewallOn } from '../support/firewall-host';
import { memoryFirewall } from '../support/memory-firewall';
import { testGate, type TestGate } from '../support/test-gate';

const by = 'root';
const RANGE = '192.0.2.10-192.0.2.20';
const PIECES = ['192.0.2.10/31', '192.0.2.12/30', '192.0.2.16/30', '192.0.2.20'];

const held = async (gate: TestGate, set: string): Promise<string[]> =>
  (await gate.parts.firewall.members(set)).map(({ network }) => network).sort();

function aGate(makeFirewall: (clock: FakeClock) => Firewall, end: () => void): void {
  let gate: TestGate;
  beforeEach(async () => {
    gate = await testGate(makeFirewall);
    await gate.operations.init({ by });
  });
  afterEach(async () => {
    await gate.close();
    end();
  });
  const journal = async () =>
    (await gate.operations.log({ limit: 100 })).map(({ action, what }) => `${action} ${what}`);
  const lastLine = async () => (await gate.operations.log({ limit: 100 })).at(-1)?.id ?? 0;
  const listed = async () => (await gate.operations.list({})).map(({ what, state }) => `${what} ${state}`);

  it('lets a range in as one entry, of the fewest networks', async () => {
    const entry = await gate.operations.allow({ by, what: '192.0.2.10 - 20', services: ['sip'] });
    expect(entry).toMatchObject({ what: RANGE, kind: 'range', addresses: PIECES, services: ['sip'] });
    expect(await held(gate, 'sip')).toEqual(PIECES);
    expect(await listed()).toEqual([`${RANGE} active`]);
    expect((await journal()).slice(-1)).toEqual([`allow ${RANGE}`]);
  });

  it('lets an IPv6 range in', async () => {
    const { addresses } = await gate.operations.allow({ by, what: '2001:db8::1-3', services: ['sip'] });
    expect(addresses).toEqual(['2001:db8::1', '2001:db8::2/127']);
    expect(await held(gate, 'sip')).toEqual(addresses);
  });

  it('lets a network in by its mask', async () => {
    const entry = await gate.operations.allow({ by, what: '192.0.2.0 255.255.255.0', services: ['sip'] });
    expect(entry).toMatchObject({ what: '192.0.2.0/24', kind: 'network' });
    expect(await held(gate, 'sip')).toEqual(['192.0.2.0/24']);
  });

  it('renews a range that is let in again', async () => {
    await gate.operations.allow({ by, what: RANGE, services: ['sip'] });
    const again = await gate.operations.allow({ by, what: '192.0.2.10-20', services: ['sip'], seconds: 3600 });
    expect((await gate.operations.list({})).map(({ id }) => id)).toEqual([again.id]);
    expect(await held(gate, 'sip')).toEqual(PIECES);
    expect((await journal()).slice(-1)).toEqual([`renew ${RANGE}`]);
  });

  it.each([
    ['as it was typed', '192.0.2.10-20'],
    ['by its name', 'desks'],
  ])('revokes a range %s, and undo lets it in again as it was', async (_, what) => {
    const { id } = await gate.operations.allow({ by, what: RANGE, services: ['sip'], name: 'desks' });
    const { closed } = await gate.operations.revoke({ by, what });
    expect(closed).toMatchObject([{ id, what: RANGE, state: 'ended', addresses: PIECES }]);
    expect(await held(gate, 'sip')).toEqual([]);
    expect(await listed()).toEqual([]);
    const { opened } = await gate.operations.undo({ by, id: await lastLine() });
    expect(opened).toMatchObject([{ what: RANGE, kind: 'range', addresses: PIECES, name: 'desks' }]);
    expect(await held(gate, 'sip')).toEqual(PIECES);
    expect(await listed()).toEqual([`${RANGE} active`]);
  });

  it('takes a range back, and with a renewed one lets the old one in again', async () => {
    await gate.operations.allow({ by, what: RANGE, services: ['sip'] });
    const first = await lastLine();
    await gate.operations.allow({ by, what: RANGE, services: ['sip'], seconds: 3600 });
    const { opened, closed } = await gate.operations.undo({ by, id: await lastLine() });
    expect([opened.length, closed.length]).toEqual([1, 1]);
    expect((await gate.operations.list({})).map(({ what, until }) => [what, until])).toEqual([[RANGE, null]]);
    expect(await held(gate, 'sip')).toEqual(PIECES);
    await expect(gate.operations.undo({ by, id: first })).rejects.toThrow('has ended already');
    expect(await gate.operations.undo({ by, id: await lastLine(), dryRun: true }).catch(() => 'refused')).toBeDefined();
  });

  it('ends a range when its time is up, with one line', async () => {
    await gate.operations.allow({ by, what: RANGE, services: ['sip'], seconds: 60 });
    await gate.clock.advance(61_000);
    await gate.tick();
    expect(await held(gate, 'sip')).toEqual([]);
    expect((await journal()).filter((line) => line.startsWith('ended'))).toEqual([`ended ${RANGE}`]);
  });

  it('keeps an address open that a range and an entry let in, until both are revoked', async () => {
    await gate.operations.allow({ by, what: RANGE, services: ['sip'] });
    await gate.operations.allow({ by, what: '192.0.2.20', services: ['sip'] });
    await gate.operations.revoke({ by, what: RANGE });
    expect(await held(gate, 'sip')).toEqual(['192.0.2.20']);
    await gate.operations.revoke({ by, what: '192.0.2.20' });
    expect(await held(gate, 'sip')).toEqual([]);
  });

  it('blocks a range, and unblocks it as one', async () => {
    const entry = await gate.operations.block({ by, what: RANGE, note: 'rude' });
    expect(entry).toMatchObject({ what: RANGE, kind: 'block', addresses: PIECES, services: [] });
    expect(await held(gate, 'block')).toEqual(PIECES);
    await expect(gate.operations.revoke({ by, what: RANGE })).rejects.toThrow('no open entry');
    await gate.operations.unblock({ by, what: RANGE });
    expect(await held(gate, 'block')).toEqual([]);
    await gate.operations.undo({ by, id: await lastLine() });
    expect(await held(gate, 'block')).toEqual(PIECES);
    expect((await journal()).slice(-1)).toEqual([`block ${RANGE}`]);
    expect(await gate.operations.list({})).toMatchObject([{ kind: 'block', what: RANGE }]);
  });

  it.each([
    ['192.0.0.0/7', 'wider than /8'],
    ['16.0.0.1-18.0.0.0', '16.0.0.1-18.0.0.0 is wider than /8'],
    ['2001::/15', 'wider than /16'],
    ['0.0.0.0/0', 'wider than /8'],
    ['::/0', 'wider than /16'],
  ])('neither lets in nor blocks %s: %s', async (what, why) => {
    await expect(gate.operations.allow({ by, what })).rejects.toThrow(why);
    await expect(gate.operations.block({ by, what })).rejects.toThrow(why);
    expect(await listed()).toEqual([]);
  });

  it('does not let the whole Internet in in pieces', async () => {
    await gate.operations.allow({ by, what: '16.0.0.0/8', services: ['sip'] });
    await expect(gate.operations.allow({ by, what: '17.0.0.0/16', services: ['phone'] })).rejects.toThrow(
      '17.0.0.0/16, with 16.0.0.0/8, which is open already, is wider than /8 together',
    );
    await expect(gate.operations.allow({ by, what: '17.0.0.0-18.1.0.0', services: ['sip'] })).rejects.toThrow('/8');
    await gate.operations.allow({ by, what: '16.7.0.0/16', services: ['sip'] }); // open already
    await gate.operations.allow({ by, what: '17.0.0.0/17', services: ['sip'] }); // far from the whole Internet
    await gate.operations.allow({ by, what: '17.0.0.0/8', services: ['ssh'] }); // another door
    await gate.operations.allow({ by, what: '10.0.0.0/8', services: ['sip'] }); // nobody reaches it from the Internet
    await gate.operations.allow({ by, what: '2001::/16', services: ['sip'] }); // another family
    await gate.operations.revoke({ by, what: '16.0.0.0/8' });
    await gate.operations.allow({ by, what: '17.0.0.0/16', services: ['phone'] });
  });

  it('does not let the admin block his own machine by a range', async () => {
    await expect(gate.operations.block({ by, what: '203.0.113.0-203.0.113.9' })).rejects.toThrow('own address');
  });

  it('keeps the admin’s own way in when the same is let in for a while', async () => {
    await gate.operations.allow({ by, what: RANGE, services: ['all'], primary: true });
    await gate.operations.allow({ by, what: RANGE, services: ['all'], seconds: 60 });
    await gate.clock.advance(61_000);
    await gate.tick();
    expect(await gate.operations.list({})).toMatchObject([{ primary: true, until: null }]);
    await expect(gate.operations.revoke({ by, what: RANGE })).rejects.toThrow('revoke --admin');
    await gate.operations.revoke({ by, what: RANGE, admin: true });
    expect(await held(gate, 'sip')).toEqual([]);
  });
}

describe('ranges and wide networks, on a firewall in memory', () => aGate(memoryFirewall, () => undefined));

describeAsRoot('ranges and wide networks, on the real kernel', () => {
  let host: Host;
  beforeEach(async () => {
    host = await makeHost('pbx');
  });
  aGate(
    (fake) => firewallOn(host, { clock: { ...clock, now: () => fake.now() } }).firewall,
    () => host.close(),
  );
});
