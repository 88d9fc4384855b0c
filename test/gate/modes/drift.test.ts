import { AppError } from '../../../src/errors';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('a firewall that others change', () => {
  let gate: TestGate;
  let firewall: MemoryFirewall;
  const stop: AbortController[] = [];
  beforeEach(async () => {
    gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
    await gate.operations.init({ by: 'root' });
    const stopped = new AbortController();
    stop.push(stopped);
    void gate.watchFirewall(stopped.signal);
  });
  afterEach(async () => {
    stop.pop()?.abort();
    await gate.clock.advance(0);
    await gate.close();
  });

  const damage = (what = 'IPv4: our hook in INPUT was gone') =>
    (firewall.damage = { what: [what], goodAt: gate.clock.now() });
  const journal = async () =>
    (await gate.operations.log({ limit: 100 })).filter(({ by }) => by === 'tollgate').map(({ why }) => why);
  /** A round of the event loop for what the store does in threads of its own. */
  const pass = async (ms: number) => {
    await gate.clock.advance(ms);
    await gate.clock.advance(0);
  };
  const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'others');

  it('is mended within a second, and the journal says what it was and for how long', async () => {
    damage();
    await pass(SECOND);
    expect(firewall.damage).toBeUndefined();
    expect(await journal()).toEqual([
      'Somebody else changed the firewall: IPv4: our hook in INPUT was gone. Mended; it was so for at most 1.0 s.',
    ]);
    expect(await part()).toMatchObject({ state: 'warn', detail: expect.stringContaining('mended') as string });
  });

  it('is told of too when the comparison of every member has mended it already', async () => {
    const goodAt = new Date(gate.clock.now().getTime() - MINUTE + SECOND);
    const found = { what: ['set tg-sip4 had 192.0.2.66 in place of 192.0.2.1'], goodAt, isMended: true } as const;
    const [look, apply] = [jest.spyOn(firewall, 'drift'), jest.spyOn(firewall, 'apply')];
    look.mockResolvedValueOnce(found);
    await pass(SECOND);
    expect(await journal()).toEqual([
      'Somebody else changed the firewall: set tg-sip4 had 192.0.2.66 in place of 192.0.2.1. Mended; it was so for at most 60.0 s.',
    ]);
    expect(apply).not.toHaveBeenCalled();
    expect(await part()).toMatchObject({ state: 'warn', detail: expect.stringContaining('mended') as string });
  });

  it('is looked at soon after its rules have changed, once for many changes', async () => {
    damage();
    for (let i = 0; i < 20; i++) firewall.rulesChange();
    await pass(49);
    expect(firewall.damage).toBeDefined();
    await pass(1);
    expect(firewall.damage).toBeUndefined();
  });

  it('is not told of when somebody has put it back himself', async () => {
    damage();
    firewall.apply = () => Promise.resolve([]);
    await pass(SECOND);
    expect(await journal()).toEqual([]);
    expect(await part()).toBeUndefined();
  });

  /** Somebody undoes each mending at once, for so long; resolves to how often it was mended. */
  async function fight(ms: number): Promise<number> {
    let mended = 0;
    for (const end = gate.clock.now().getTime() + ms; gate.clock.now().getTime() < end;) {
      if (!firewall.damage) damage();
      await pass(SECOND);
      if (!firewall.damage) mended++;
      else if (gate.clock.now().getTime() % MINUTE === 0) await gate.reconcile();
    }
    return mended;
  }

  it('is not fought over for ever: ever less often, told in the journal and mailed once', async () => {
    expect(await fight(6 * SECOND)).toBe(6);
    expect(gate.notices.map(({ kind }) => kind)).toEqual(['disturbed']);
    expect((await journal()).at(-1)).toContain('changed 6 times within a minute');
    expect(await part()).toMatchObject({ state: 'fail', detail: expect.stringContaining('every 10 s') as string });
    expect((await gate.operations.status({})).ok).toBe(false);
    expect(await fight(9 * SECOND)).toBe(0);
    expect(await fight(SECOND)).toBe(1);
    expect(await fight(19 * SECOND)).toBe(0);
    expect(await fight(SECOND)).toBe(1);
    expect(await fight(20 * MINUTE)).toBeLessThanOrEqual(7);
    expect(await part()).toMatchObject({ detail: expect.stringContaining('every 300 s') as string });
    expect(gate.notices.length).toBe(1);
  });

  it('is mended at once again when the other has given up', async () => {
    await fight(6 * SECOND);
    firewall.damage = undefined;
    await pass(11 * MINUTE);
    expect((await journal()).at(-1)).toContain('Nobody changes the firewall any more');
    damage();
    await pass(SECOND);
    expect(firewall.damage).toBeUndefined();
    expect(await part()).toMatchObject({ state: 'warn' });
  });

  it('is told of when it cannot be mended, and mended as soon as it can be', async () => {
    firewall.applyFault = new AppError('FIREWALL_FAILED', 'the xtables lock is held', 'wait');
    damage();
    await pass(SECOND);
    expect(await journal()).toEqual([expect.stringContaining('could not be mended: the xtables lock is held')]);
    expect(await part()).toMatchObject({ state: 'fail' });
    await pass(2 * SECOND);
    expect((await journal()).length).toBe(1);
    firewall.applyFault = undefined;
    await pass(SECOND);
    expect((await journal()).at(-1)).toContain('Mended; it was so for at most 4.0 s.');
  });

  it('is mended with what is saved for a reboot while the database is away, and journalled when it is back', async () => {
    const revision = gate.store.revision.bind(gate.store);
    gate.store.revision = () => Promise.reject(new AppError('STORE_FAILED', 'the database is away', 'start it'));
    gate.store.transaction = ((transaction) => async (work) => {
      await gate.store.revision();
      return transaction(work);
    })(gate.store.transaction.bind(gate.store));
    await gate.follow();
    damage();
    await pass(SECOND);
    expect(firewall.damage).toBeUndefined();
    expect(await journal()).toEqual([]);
    gate.store.revision = revision;
    await gate.follow();
    await pass(SECOND);
    expect(await journal()).toEqual([expect.stringContaining('Mended')]);
  });

  it('is told of when it cannot be looked at', async () => {
    firewall.drift = () => Promise.reject(new AppError('FIREWALL_FAILED', 'iptables is gone', 'install it'));
    await pass(2 * SECOND);
    expect(await part()).toMatchObject({ state: 'fail', detail: 'iptables is gone' });
    expect(gate.logged.filter((line) => line.startsWith('firewall cannot be looked at')).length).toBe(1);
  });
});
