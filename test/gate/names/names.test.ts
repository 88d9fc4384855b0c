import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const OFFICE = 'office.example.com';
const SECOND = 1000;
const HOUR = 3_600_000;
let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  gate.names.set(OFFICE, { A: ['192.0.2.7'], AAAA: ['2001:db8::7'], ttlSeconds: 60 });
});
afterEach(() => gate.close());

const open = () => firewall.held().flatMap((line) => /^sip (.*)$/.exec(line)?.[1] ?? []);
/** Seconds; undefined: for good. */
const ends = async () =>
  Object.fromEntries((await firewall.members('sip')).map(({ network, secondsLeft }) => [network, secondsLeft]));
const allow = (what = OFFICE, more: object = {}) => gate.operations.allow({ by, what, ...more });
/** A minute later than the last look, at which a name with a minute to live is looked up again. */
const later = async (ms = 61 * SECOND) => {
  await gate.clock.advance(ms);
  await gate.tick();
  await gate.followNames(new AbortController().signal);
};
const listed = async () => (await gate.operations.list({}))[0];
const journal = async () =>
  (await gate.operations.log({ limit: 100 })).filter(({ action }) => action === 'follow').map(({ why }) => why);
const mails = () => gate.notices.map(({ kind }) => kind);
const status = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'names');

describe('allowing a name', () => {
  it('opens all of its addresses as one entry', async () => {
    const entry = await allow(OFFICE, { name: 'office', seconds: 3600 });
    expect(entry).toMatchObject({ what: OFFICE, kind: 'name', name: 'office', state: 'active' });
    expect(entry.addresses).toEqual(['192.0.2.7', '2001:db8::7']);
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
    expect(await gate.operations.list({})).toHaveLength(1);
  });

  it('shows with --dry-run what it stands for, and opens nothing', async () => {
    expect((await allow(OFFICE, { dryRun: true })).addresses).toEqual(['192.0.2.7', '2001:db8::7']);
    expect(open()).toEqual([]);
  });

  it.each([
    ['is not there', 'ofice.example.com', {}, 'NOT_FOUND', 'typing mistake'],
    ['has no address', OFFICE, {}, 'NOT_FOUND', 'its company for the addresses'],
    ['cannot be looked up', OFFICE, { fails: ['A', 'AAAA'] as const }, 'DNS_FAILED', 'nothing was changed'],
    ['is this machine', OFFICE, { A: ['203.0.113.1'] }, 'REFUSED', 'look at its records'],
    ['is 0.0.0.0', OFFICE, { A: ['0.0.0.0'] }, 'REFUSED', 'look at its records'],
    ['is loopback', OFFICE, { AAAA: ['::1'] }, 'REFUSED', 'look at its records'],
  ] as const)('that %s is refused, and nothing is half done', async (_, name, records, code, hint) => {
    gate.names.set(OFFICE, records);
    await expect(allow(name)).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) as string });
    expect(await gate.operations.list({})).toEqual([]);
    expect(open()).toEqual([]);
  });

  it('in the LAN is let in when it was private from the start', async () => {
    gate.names.set('phone.office.lan', { A: ['192.168.1.20'] });
    await allow('phone.office.lan');
    gate.names.set('phone.office.lan', { A: ['192.168.1.21'] });
    await later();
    expect(open()).toEqual(['192.168.1.20', '192.168.1.21']);
  });

  it('again renews it; once more for other services stands beside it', async () => {
    await allow();
    await allow(OFFICE, { seconds: 3600 });
    expect(await gate.operations.list({})).toMatchObject([{ until: '2026-11-22T14:05:00.000Z' }]);
    await allow(OFFICE, { services: ['ssh'] });
    expect(await gate.operations.list({})).toHaveLength(2);
  });

  it('as the admin’s own way in opens everything to it, and only revoke --admin ends it', async () => {
    await allow(OFFICE, { services: ['all'], primary: true });
    gate.names.set(OFFICE, { A: ['192.0.2.8'] });
    await later();
    expect(firewall.held()).toContain('all 192.0.2.8');
    await expect(gate.operations.revoke({ by, what: OFFICE })).rejects.toMatchObject({ code: 'REFUSED' });
    await gate.operations.revoke({ by, what: OFFICE, admin: true });
    expect(open()).toEqual([]);
  });
});

describe('a name that moves', () => {
  it('is looked up when its time to live is over, and not before', async () => {
    await allow();
    await later(1);
    const { length } = gate.names.asked;
    await later(59 * SECOND);
    expect(gate.names.asked).toHaveLength(length);
    await later(2 * SECOND);
    expect(gate.names.asked).toHaveLength(length + 5);
  });

  it.each([
    [1, 30],
    [86_400, 300],
  ])('with a time to live of %i s is looked up after %i s', async (ttlSeconds, seconds) => {
    gate.names.set(OFFICE, { A: ['192.0.2.7'], ttlSeconds });
    await allow();
    await later(1);
    const { length } = gate.names.asked;
    await later((seconds - 1) * SECOND);
    expect(gate.names.asked).toHaveLength(length);
    await later(2 * SECOND);
    expect(gate.names.asked).toHaveLength(length + 5);
  });

  it('opens what joins; what has left stays for an hour, and then the kernel ends it', async () => {
    await allow();
    gate.names.set(OFFICE, { A: ['192.0.2.8'], AAAA: ['2001:db8::7'] });
    await later();
    expect(open()).toEqual(['192.0.2.7', '192.0.2.8', '2001:db8::7']);
    expect(await ends()).toEqual({ '192.0.2.7': 3600, '192.0.2.8': undefined, '2001:db8::7': undefined });
    await later(HOUR);
    expect(open()).toEqual(['192.0.2.8', '2001:db8::7']);
    expect((await listed())?.addresses.toSorted()).toEqual(['192.0.2.8', '2001:db8::7']);
    expect(await journal()).toEqual([
      '192.0.2.8 joined. 192.0.2.7 left, and stays open for 3600 s so that no call is cut.',
    ]);
  });

  it('and comes back before the hour is over is open for good again', async () => {
    await allow();
    for (const address of ['192.0.2.8', '192.0.2.7']) {
      gate.names.set(OFFICE, { A: [address], AAAA: ['2001:db8::7'] });
      await later();
    }
    expect(await ends()).toEqual({ '192.0.2.7': undefined, '192.0.2.8': 3600, '2001:db8::7': undefined });
    await later(HOUR);
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
    expect((await journal()).at(-1)).toContain('192.0.2.7 came back.');
  });

  it('leaves an address that another entry keeps open as it is', async () => {
    await allow();
    await allow('192.0.2.7');
    gate.names.set(OFFICE, { AAAA: ['2001:db8::7'] });
    await later();
    await later(HOUR);
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
  });

  it('does not outlast its own end', async () => {
    await allow(OFFICE, { seconds: 600 });
    gate.names.set(OFFICE, { A: ['192.0.2.8'] });
    await later();
    await later();
    expect(open()).toEqual(['192.0.2.7', '192.0.2.8', '2001:db8::7']);
    expect(await journal()).toHaveLength(1);
    await later(600 * SECOND);
    expect(open()).toEqual([]);
    expect(await gate.operations.list({})).toEqual([]);
  });

  it('that was revoked is followed no more', async () => {
    await allow();
    await gate.operations.revoke({ by, what: OFFICE });
    const { length } = gate.names.asked;
    await later();
    expect(gate.names.asked).toHaveLength(length);
  });

  it('cannot be undone line by line, but revoking it can', async () => {
    await allow();
    gate.names.set(OFFICE, { A: ['192.0.2.8'] });
    await later();
    const lines = await gate.operations.log({ limit: 100 });
    const id = lines.find(({ action }) => action === 'follow')?.id ?? 0;
    await expect(gate.operations.undo({ by, id })).rejects.toMatchObject({ code: 'REFUSED' });
    await gate.operations.revoke({ by, what: OFFICE });
    const revoked = (await gate.operations.log({ limit: 1 }))[0]?.id ?? 0;
    await gate.operations.undo({ by, id: revoked });
    gate.names.set(OFFICE, { A: ['192.0.2.9'] });
    await later();
    expect(open()).toEqual(['192.0.2.7', '192.0.2.8', '192.0.2.9', '2001:db8::7']);
  });

  it('is bounded: of a hundred addresses the first 64 are let in', async () => {
    await allow();
    gate.names.set(OFFICE, { A: Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 1}`) });
    await later();
    expect(open().length).toBeLessThan(67);
  });
});

it('a name server that never answers does not keep the daemon from stopping', async () => {
  await allow();
  const stop = new AbortController();
  gate.names.hang();
  const looking = gate.followNames(stop.signal);
  stop.abort();
  await looking;
  expect((await listed())?.state).toBe('active');
});

describe('bad news of a name', () => {
  it.each([
    ['there is no such name', () => gate.names.remove(OFFICE)],
    ['there is no address', () => gate.names.set(OFFICE, {})],
    ['the server fails', () => gate.names.set(OFFICE, { fails: ['A', 'AAAA'] })],
    ['nobody answers', () => gate.names.fail('192.0.2.53 did not answer in time')],
  ])('(%s) change nothing but a mark, mailed once after an hour and once when it is back', async (_, happens) => {
    await allow();
    happens();
    await later();
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
    expect((await listed())?.state).toBe('stale');
    expect(await status()).toMatchObject({ state: 'warn', since: '2026-11-22T13:06:01.000Z' });
    await later(59 * 60 * SECOND);
    expect(mails()).toEqual([]);
    await later();
    await later(HOUR);
    await later(24 * HOUR);
    expect(mails()).toEqual(['name-stale']);
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
    gate.names.fail(undefined);
    gate.names.set(OFFICE, { A: ['192.0.2.7'], AAAA: ['2001:db8::7'] });
    await later();
    expect(mails()).toEqual(['name-stale', 'name-back']);
    expect((await listed())?.state).toBe('active');
    expect(await status()).toMatchObject({ state: 'ok', detail: `1 followed: ${OFFICE}` });
    await later();
    expect(mails()).toHaveLength(2);
  });

  it('that last less than an hour are mailed to nobody', async () => {
    await allow();
    gate.names.fail('192.0.2.53 did not answer in time');
    await later(59 * 60 * SECOND);
    gate.names.fail(undefined);
    await later();
    expect([await listed(), mails()]).toMatchObject([{ state: 'active' }, []]);
  });

  it('about one family leave the other one followed', async () => {
    await allow();
    gate.names.set(OFFICE, { A: ['192.0.2.8'], fails: ['AAAA'] });
    await later();
    await later(HOUR);
    expect(open()).toEqual(['192.0.2.8', '2001:db8::7']);
    expect((await listed())?.state).toBe('stale');
  });

  it('do not keep other names from being followed', async () => {
    await allow();
    gate.names.set('branch.example.com', { A: ['198.51.100.1'] });
    await allow('branch.example.com');
    gate.names.remove(OFFICE);
    gate.names.set('branch.example.com', { A: ['198.51.100.2'] });
    await later();
    expect(open()).toContain('198.51.100.2');
  });
});

describe('a name that suddenly answers with what is not let in', () => {
  it.each([
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '203.0.113.1',
    '::ffff:10.0.0.1',
  ])('(%s) is refused and reported once; the rest of the answer is used', async (address) => {
    await allow();
    const kind = address.includes(':') ? 'AAAA' : 'A';
    gate.names.set(OFFICE, { A: ['192.0.2.8'], AAAA: ['2001:db8::7'], [kind]: ['192.0.2.8', '2001:db8::7', address] });
    await later();
    await later();
    const refused = address.replace('::ffff:', '');
    expect(open()).toContain('192.0.2.8');
    expect(open()).not.toContain(refused);
    expect(mails()).toEqual(['name-refused']);
    expect(await journal()).toContain(`Not let in by name: ${refused}.`);
    expect(await status()).toMatchObject({ state: 'warn', detail: expect.stringContaining(refused) as string });
    gate.names.set(OFFICE, { A: ['192.0.2.8'], AAAA: ['2001:db8::7'] });
    await later();
    expect(await status()).toMatchObject({ state: 'ok' });
  });

  it('now and then does not fill a mailbox', async () => {
    await allow();
    for (let round = 0; round < 5; round++) {
      gate.names.set(OFFICE, { A: ['192.0.2.7', '10.0.0.1'] });
      await later();
      gate.names.set(OFFICE, { A: ['192.0.2.7'] });
      await later();
    }
    expect(mails()).toEqual(['name-refused']);
  });

  it('alone keeps its last good addresses', async () => {
    await allow();
    gate.names.set(OFFICE, { A: ['10.0.0.1'] });
    await later();
    await later(2 * HOUR);
    expect(open()).toEqual(['192.0.2.7', '2001:db8::7']);
    expect((await listed())?.state).toBe('stale');
  });
});

it('documentation addresses are let in for tests alone', async () => {
  const strict = await testGate(memoryFirewall, '');
  strict.names.set(OFFICE, { A: ['192.0.2.7'] });
  await expect(strict.operations.allow({ by, what: OFFICE })).rejects.toMatchObject({ code: 'REFUSED' });
  await strict.close();
});
