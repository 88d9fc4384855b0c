/** Three PBXs on one real MariaDB: what one does the others do too, and each thing is done once. */
import { clock } from '../../src/clock';
import type { Caller } from '../../src/domain/doorkeeper';
import type { NewEntry } from '../../src/domain/entry';
import { AppError } from '../../src/errors';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { openStore } from '../../src/store/open';
import { describeAsRoot } from '../support/as-root';
import { DBIP_LINES } from '../support/country-files';
import { refreshFrom } from '../support/country-refresh';
import { memoryFirewall, type MemoryFirewall } from '../support/memory-firewall';
import { address, testGate, type TestGate } from '../support/test-gate';

const HOTEL = '198.51.100.77';
const PIN = '73914628';
const DAY = 24 * 3_600_000;
const by = 'root';
const caller: Caller = { number: undefined, channel: 'PJSIP/carrier-1' };

describeAsRoot('PBXs that share a database', () => {
  let server: RunningMariadb;
  let databases = 0;
  let url: string;
  let all: TestGate[];
  let [a, b, c]: TestGate[] = [];
  beforeAll(async () => {
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    const name = `tollgate_${++databases}`;
    await server.sql(`CREATE DATABASE ${name}`);
    url = `mysql://root@localhost/${name}?socket=${server.socketPath}`;
    all = [];
    for (const pbx of ['a', 'b', 'c']) all.push(await gateOf(pbx));
    [a, b, c] = all;
    for (const gate of all) {
      await gate.operations.init({ by });
      await gate.restore();
    }
    await one(a).operations.accountAdd({ by, number: '12', email: 'ann@example.com', pin: PIN });
  });
  afterEach(async () => {
    for (const gate of all) await gate.close();
  });

  const open = (pbx: string) => openStore({ kind: 'mariadb', url, clock, pbx });
  const gateOf = (pbx: string, settings?: string) =>
    testGate(memoryFirewall, settings, { open: () => open(pbx), sharedAs: pbx });
  const one = (gate: TestGate | undefined): TestGate => gate ?? all[0] ?? fail();
  const fail = (): never => {
    throw new Error('no gate');
  };
  const follow = async () => {
    for (const gate of all) await gate.follow();
  };
  const sets = async (gate: TestGate | undefined) =>
    (await one(gate).parts.firewall.members()).map(({ set, network }) => `${set} ${network}`).sort();
  const allow = (gate: TestGate | undefined, what: string, seconds = 3600) =>
    one(gate).operations.allow({ by, what, services: ['sip'], seconds });
  const journal = async () =>
    (await one(a).operations.log({ limit: 100 })).map(({ action, pbx }) => `${action} ${pbx}`);

  it('a door opened on one is open on all, and all know where it was opened', async () => {
    await allow(a, HOTEL);
    await follow();
    for (const gate of all) expect(await sets(gate)).toEqual([`sip ${HOTEL}`, `was ${HOTEL}`]);
    expect(await one(c).operations.list({})).toMatchObject([{ what: HOTEL, pbx: 'a', state: 'active' }]);
    expect(await journal()).toContain('allow a');
  });

  it('a name is followed by the PBX that let it in, and by another when that one has not looked for ten minutes', async () => {
    const office = 'office.example.com';
    for (const gate of all) gate.names.set(office, { A: ['192.0.2.7'] });
    await allow(a, office);
    await one(a).followNames(new AbortController().signal);
    await follow();
    const moveAt = async (gate: TestGate | undefined, to: string, minutes: number) => {
      one(gate).names.set(office, { A: [to] });
      await one(gate).clock.advance(minutes * 60_000);
      await one(gate).followNames(new AbortController().signal);
      await follow();
    };
    await moveAt(b, '192.0.2.8', 9);
    expect(one(b).names.asked).toEqual([]);
    await moveAt(b, '192.0.2.9', 2);
    for (const gate of all)
      expect(await sets(gate)).toEqual(expect.arrayContaining(['sip 192.0.2.7', 'sip 192.0.2.9']));
    const { length } = one(a).names.asked;
    await moveAt(a, '192.0.2.10', 12);
    expect(one(a).names.asked).toHaveLength(length);
    await moveAt(b, '192.0.2.11', 2);
    for (const gate of all) expect(await sets(gate)).toContain('sip 192.0.2.11');
    expect(await one(c).operations.list({})).toMatchObject([{ what: office, pbx: 'a' }]);
  });

  it('a door that is being opened is nobody else’s yet, and not ended by another that starts', async () => {
    const entry = { ...(await one(a).store.addEntry(wanted())), state: 'opening' as const };
    await follow();
    expect(await sets(b)).toEqual([]);
    await one(b).dropUnconfirmed();
    expect(await one(a).store.entry(entry.id)).toMatchObject({ state: 'opening', pbx: 'a' });
    await one(a).dropUnconfirmed();
    expect(await one(a).store.entry(entry.id)).toMatchObject({ state: 'ended' });
  });
  const wanted = (): NewEntry => ({
    ...{ kind: 'allow', what: HOTEL, network: address(HOTEL), services: ['sip'], account: undefined, by },
    ...{ since: one(a).clock.now(), until: 'forever', name: undefined, note: undefined, state: 'opening' },
  });

  it('what is closed on one is closed on all, and its calls are hung up where they are', async () => {
    await allow(a, HOTEL);
    await follow();
    await one(b).operations.revoke({ by, what: HOTEL });
    await follow();
    for (const gate of all) {
      expect(await sets(gate)).toEqual([`was ${HOTEL}`]);
      expect(gate.asterisk.asked.filter((asked) => asked.includes(HOTEL))).toEqual([
        `hangUp ${HOTEL}`,
        `forget ${HOTEL}`,
      ]);
    }
  });

  it('a block on one drops on all, and hangs up everywhere', async () => {
    await one(c).operations.block({ by, what: HOTEL });
    await follow();
    expect(await sets(a)).toEqual([`block ${HOTEL}`]);
    expect(one(a).asterisk.asked).toContain(`hangUp ${HOTEL}`);
  });

  it('looking costs the kernel nothing when nothing was done, or only by itself', async () => {
    await allow(a, HOTEL);
    const asked: unknown[] = [];
    const { firewall } = one(a).parts;
    firewall.change = (changes) => Promise.resolve(void asked.push(changes));
    await one(a).follow();
    await one(b).store.transaction((records) => records.addFailure('caller 1', clock.now()));
    await follow();
    expect(asked).toEqual([]);
    await one(b).operations.revoke({ by, what: HOTEL });
    await follow();
    expect(asked).toHaveLength(1);
  });

  it('a lease is ended once, its calls go on, and its contacts are forgotten everywhere', async () => {
    await allow(a, HOTEL, 60);
    await follow();
    for (const gate of all) await gate.clock.advance(61_000);
    await Promise.all(all.map((gate) => gate.tick()));
    await follow();
    expect((await journal()).filter((line) => line.startsWith('ended'))).toHaveLength(1);
    for (const gate of all) {
      expect(gate.asterisk.asked).toContain(`forget ${HOTEL}`);
      expect(gate.asterisk.asked).not.toContain(`hangUp ${HOTEL}`);
    }
  });

  it('a lease whose PBX is away is ended by another', async () => {
    await allow(a, HOTEL, 60);
    await follow();
    await one(b).clock.advance(60_000 + 29_000);
    await one(b).tick();
    expect(await journal()).not.toContain('ended b');
    await one(b).clock.advance(1000);
    await one(b).tick();
    expect(await journal()).toContain('ended b');
  });

  describe('a call that outlasts its lease', () => {
    beforeEach(async () => {
      await one(a).operations.accountSet({ by, number: '12', leaseSeconds: 60 });
      const traveller = await one(a).doorkeeper.identify('12', PIN, caller);
      await one(a).doorkeeper.open(traveller ?? fail(), address(HOTEL), caller);
      await follow();
      one(a).asterisk.callsNow.push('PJSIP/701-1');
      for (const gate of all) await gate.clock.advance(61_000);
      for (const gate of all) await gate.tick();
      await follow();
    });

    it('goes on where the door was opened, and nowhere else', async () => {
      for (const gate of all) await gate.clock.advance(6000);
      for (const gate of all) await gate.tick();
      await follow();
      expect(await sets(a)).toEqual([`rtp ${HOTEL}`, `was ${HOTEL}`]);
      expect(await sets(b)).toEqual([`was ${HOTEL}`]);
      await one(a).reconcile();
      await one(b).reconcile();
      expect(await sets(a)).toContain(`rtp ${HOTEL}`);
      expect(await sets(b)).not.toContain(`rtp ${HOTEL}`);
    });

    it('ends when another PBX closes a door there', async () => {
      await allow(b, HOTEL);
      await follow();
      await one(b).operations.revoke({ by, what: HOTEL });
      await follow();
      expect(await sets(a)).toEqual([`was ${HOTEL}`]);
      expect(one(a).asterisk.asked).toContain(`hangUp ${HOTEL}`);
    });
  });

  it('two who close one door at once end it once', async () => {
    await allow(a, HOTEL);
    await follow();
    const revoke = (gate: TestGate | undefined) => one(gate).operations.revoke({ by, what: HOTEL });
    const answers = await Promise.allSettled([a, b, c].map(revoke));
    // Who looks when another has just closed it finds nothing to close.
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    for (const reason of refused) expect(reason).toMatchObject({ code: 'NOT_FOUND' });
    expect(refused.length).toBeLessThan(answers.length);
    await follow();
    expect((await journal()).filter((line) => line.startsWith('revoke'))).toHaveLength(1);
    for (const gate of all) expect(await sets(gate)).toEqual([`was ${HOTEL}`]);
  });

  it('many changes from all sides at once end in the same kernels', async () => {
    const network = (i: number) => `192.0.2.${i}`;
    await Promise.all(Array.from({ length: 30 }, (_, i) => allow(all[i % 3], network(i))));
    await Promise.all(all.map((gate) => gate.follow()));
    const half = Array.from({ length: 15 }, (_, i) => network(2 * i));
    await Promise.all(half.map((what, i) => one(all[(i + 1) % 3]).operations.revoke({ by, what })));
    await follow();
    const expected = Array.from({ length: 15 }, (_, i) => `sip ${network(2 * i + 1)}`).sort();
    for (const gate of all) expect((await sets(gate)).filter((one) => one.startsWith('sip'))).toEqual(expected);
    expect((await one(a).operations.logVerify({})).ok).toBe(true);
  });

  it('the mode is each one’s own', async () => {
    await one(b).operations.guard({ by, lose: ['all'], withoutAsterisk: true });
    await one(b).operations.confirm({ by, here: true });
    expect(await Promise.all(all.map(async (gate) => (await gate.operations.status({})).mode))).toEqual([
      'watch',
      'guard',
      'watch',
    ]);
  });

  it('a letter is sent by the PBX that queued it', async () => {
    const traveller = await one(b).doorkeeper.identify('12', PIN, caller);
    await one(b).doorkeeper.open(traveller ?? fail(), address(HOTEL), caller);
    const due = await Promise.all(all.map(async (gate) => (await gate.store.dueLetters(gate.clock.now(), 9)).length));
    const waiting = await Promise.all(all.map(async (gate) => (await gate.store.letterCounts()).waiting));
    expect([due, waiting]).toEqual([
      [0, 1, 0],
      [0, 1, 0],
    ]);
  });

  it('a lease that ends soon is told of once, however many PBXs look, at once or one after another', async () => {
    const traveller = await one(b).doorkeeper.identify('12', PIN, caller);
    const { entry } = await one(b).doorkeeper.open(traveller ?? fail(), address(HOTEL), caller);
    await follow();
    const until = entry.until === 'forever' ? fail() : entry.until.getTime();
    const letters = async () =>
      (await Promise.all(all.map((gate) => gate.store.letterCounts()))).reduce((sum, { waiting }) => sum + waiting, 0);
    const before = await letters();
    for (const gate of all) await gate.clock.advance(until - 2 * 3_600_000 - gate.clock.now().getTime());
    await Promise.all(all.map((gate) => gate.tick()));
    for (const gate of all) await gate.tick();
    expect((await letters()) - before).toBe(1);
  });

  it('twenty calls at once over three PBXs on one account get five tries', async () => {
    const tries = Array.from({ length: 20 }, (_, i) => one(all[i % 3]).doorkeeper.identify('12', '00000000', caller));
    expect(await Promise.all(tries)).toEqual(Array.from({ length: 20 }, () => undefined));
    expect(await one(a).store.failuresSince('everybody', new Date(0))).toBe(5);
    for (const gate of all) expect(await gate.doorkeeper.identify('12', PIN, caller)).toBeUndefined();
    expect((await journal()).filter((line) => line.startsWith('locked'))).toHaveLength(1);
  });

  it('without the database a kernel keeps what it holds, status says since when, and then all is caught up', async () => {
    await allow(a, HOTEL);
    await follow();
    const down = new AppError('STORE_FAILED', 'the database does not answer', 'start it');
    const revision = jest.spyOn(one(c).store, 'revision').mockRejectedValue(down);
    await one(c).follow();
    const since = one(c).clock.now().toISOString();
    await one(c).clock.advance(5000);
    await one(c).follow();
    await one(c).tick();
    const told = await one(c).operations.status({});
    expect(told).toMatchObject({
      ok: false,
      mode: 'watch',
      parts: [{ name: 'database', state: 'fail', since }, {}, {}],
    });
    expect(await sets(c)).toContain(`sip ${HOTEL}`);
    await one(b).operations.revoke({ by, what: HOTEL });
    await allow(b, '192.0.2.9');
    revision.mockRestore();
    await one(c).follow();
    expect(await sets(c)).toEqual([`sip 192.0.2.9`, `was 192.0.2.9`, `was ${HOTEL}`]);
    expect(one(c).asterisk.asked).toContain(`hangUp ${HOTEL}`);
    expect((await one(c).operations.status({})).ok).toBe(true);
    const [away, back, ...more] = one(c).logged.filter((line) => line.startsWith('database'));
    expect([away, back, more]).toEqual([expect.stringMatching(/away/), expect.stringContaining(since), []]);
  });

  describe('the word on countries that is given on one', () => {
    const [US, DE] = ['192.0.2.7', '198.51.100.7'];
    beforeEach(async () => {
      const settings = '[country]\nregistrations = "enforce"\n[services.sip]\npolicy = "countries"\n';
      all.push(await gateOf('d', settings), await gateOf('e', settings));
      for (const gate of all.slice(3)) {
        await gate.operations.init({ by });
        await gate.restore();
        await refreshFrom(gate, by, DBIP_LINES);
      }
    });
    const word = async (
      gate: TestGate | undefined,
      said: 'countryPermit' | 'countryForget',
      ...countries: string[]
    ) => {
      await one(gate).operations[said]({ by, countries });
      await follow();
      await one(all[4]).settled();
    };
    const blocked = async () => (await one(all[4]).parts.firewall.members('block')).map(({ network }) => network);
    const permitted = () => (one(all[4]).parts.firewall as MemoryFirewall).policy?.permitted?.[4].networks;

    it('holds on all at once: a stranger who is registered on another is cut off there, and let go again', async () => {
      one(all[4]).asterisk.peersNow = [DE, US].map((at) => ({ name: '701', address: address(at), kind: 'phone' }));
      await word(all[3], 'countryPermit', 'US');
      expect(permitted()).toContain('192.0.2.0/24');
      expect(await blocked()).toEqual([DE]);
      expect(one(all[4]).asterisk.asked).toEqual(expect.arrayContaining([`hangUp ${DE}`, `forget ${DE}`]));
      await word(all[3], 'countryPermit', 'DE');
      expect(permitted()).toEqual(expect.arrayContaining(['192.0.2.0/24', '198.51.100.0/24']));
      expect(await blocked()).toEqual([]);
    });

    it('costs Asterisk no question where it is known already, and none when a door opens', async () => {
      await word(all[4], 'countryPermit', 'US');
      one(all[4]).asterisk.asked.length = 0;
      await word(all[3], 'countryPermit', 'US');
      await allow(all[3], HOTEL);
      await follow();
      expect(one(all[4]).asterisk.asked).toEqual([]);
    });
  });

  it('a count that went back, because a backup was put in place, has everything read again', async () => {
    await allow(a, HOTEL);
    await follow();
    await server.sql(`USE tollgate_${databases}; UPDATE revision SET number = 0; UPDATE entries SET state = 'ended'`);
    await follow();
    for (const gate of all) expect((await sets(gate)).filter((one) => one.startsWith('sip'))).toEqual([]);
  });

  it('a lease outlives a day in which one was switched off', async () => {
    await allow(a, HOTEL, (2 * DAY) / 1000);
    await one(c).restore();
    expect(await sets(c)).toContain(`sip ${HOTEL}`);
  });
});
