/** Names that move to where something is blocked already: what Tollgate blocked by itself gives way, what a person blocked does not. */
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const HOME = 'home.example.com';
const HERE = '192.0.2.8';
let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  gate.names.set(HOME, { A: ['192.0.2.7'], AAAA: ['2001:db8::7'] });
});
afterEach(() => gate.close());

const allow = (primary: boolean) =>
  gate.operations.allow({ by, what: HOME, ...(primary && { primary, services: ['all'] }) });
/** By itself, as after guessed passwords; or by hand. */
const block = (what: string, itself: boolean) =>
  gate.operations.block({ what, seconds: 86_400, ...(itself ? { by: 'Tollgate', origin: 'attack' } : { by: 'ann' }) });
const blocked = () => firewall.held().filter((line) => line.startsWith('block '));
const later = async () => {
  await gate.clock.advance(61_000);
  await gate.tick();
  await gate.followNames(new AbortController().signal);
};
const move = async (A = [HERE]) => {
  gate.names.set(HOME, { A, AAAA: ['2001:db8::7'] });
  await later();
};
const wayIn = async () => {
  const { ok, parts } = await gate.operations.status({});
  return { ok, part: parts.find(({ name }) => name === 'way in') };
};

describe('what Tollgate blocked by itself', () => {
  it.each([
    ['the admin’s own way in', true],
    ['a phone’s home', false],
  ])('gives way to %s that moves there, and the journal says so', async (_, primary) => {
    await allow(primary);
    await block(HERE, true);
    await move();
    expect(blocked()).toEqual([]);
    expect(firewall.held()).toContain(`${primary ? 'all' : 'sip'} ${HERE}`);
    const [line] = await gate.operations.log({ limit: 1 });
    expect(line).toMatchObject({
      action: 'follow',
      why: expect.stringContaining(`${HERE} had been blocked by Tollgate itself, and is no more.`) as string,
    });
    expect((await gate.operations.list({})).map(({ kind }) => kind)).toEqual(['name']);
    expect(gate.notices).toEqual([]);
    expect(await wayIn()).toMatchObject({ part: undefined });
  });

  it('gives way where it is a network around the address', async () => {
    await allow(true);
    await block('2001:db8:8::/64', true);
    gate.names.set(HOME, { AAAA: ['2001:db8:8::1'] });
    await later();
    expect(blocked()).toEqual([]);
  });

  it('stays where the name does not lead', async () => {
    await allow(true);
    await block('192.0.2.9', true);
    await move();
    expect(blocked()).toEqual(['block 192.0.2.9']);
  });
});

describe('what a person blocked', () => {
  it('stays; that the admin’s own way in leads there is mailed once and fails in status, with what to type', async () => {
    await allow(true);
    const { id } = await block(HERE, false);
    await move();
    await later();
    expect(blocked()).toEqual([`block ${HERE}`]);
    expect(gate.notices).toMatchObject([
      { kind: 'way-in-blocked', what: HOME, address: HERE, block: { id, by: 'ann' } },
    ]);
    expect(await wayIn()).toMatchObject({
      ok: false,
      part: {
        state: 'fail',
        detail: `${HOME} always has access, but ${HERE} is blocked by entry ${id} (ann)`,
        hint: `tollgate unblock ${id}`,
      },
    });
    await gate.operations.unblock({ by, what: `${id}` });
    await later();
    expect(await wayIn()).toMatchObject({ ok: true, part: undefined });
  });

  it('once more is mailed once more', async () => {
    await allow(true);
    await block(HERE, false);
    await move();
    await gate.operations.unblock({ by, what: HERE });
    await move(['192.0.2.7']);
    await gate.clock.advance(3_600_000);
    await later();
    await block(HERE, false);
    await move();
    expect(gate.notices.map(({ kind }) => kind)).toEqual(['way-in-blocked', 'way-in-blocked']);
  });

  it('stays; a phone’s home behind it is no alarm', async () => {
    await allow(false);
    await block(HERE, false);
    await move();
    expect(blocked()).toEqual([`block ${HERE}`]);
    expect(gate.notices).toEqual([]);
    expect(await wayIn()).toMatchObject({ ok: true, part: undefined });
  });
});
