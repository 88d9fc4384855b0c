import { clock } from '../../src/clock';
import type { Caller, Traveller } from '../../src/domain/doorkeeper';
import type { Firewall } from '../../src/domain/firewall';
import type { Notice } from '../../src/domain/letter';
import { openGate } from '../../src/gate/gate';
import { makeHost, type Host } from '../../src/lab/host';
import { lettersFor } from '../../src/mail/letters';
import { describeAsRoot } from '../support/as-root';
import type { FakeClock } from '../support/fake-clock';
import { firewallOn } from '../support/firewall-host';
import { SETTINGS as MAIL } from '../support/mail-fixtures';
import { memoryFirewall } from '../support/memory-firewall';
import { address, testGate, type TestGate } from '../support/test-gate';
import { until } from '../support/until';

const HOTEL = '198.51.100.77';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PIN = '73914628';
const caller: Caller = { number: '14045551212', channel: 'PJSIP/carrier-1' };
const by = 'root';

/** What the firewall holds, without what it merely remembers. */
const held = async (gate: TestGate): Promise<string[]> =>
  (await gate.parts.firewall.members())
    .filter(({ set }) => set !== 'was')
    .map(({ set, network }) => `${set} ${network}`)
    .sort();
const phone = (network: string) => [`iax ${network}`, `rtp ${network}`, `sip ${network}`];

function aGate(makeFirewall: (clock: FakeClock) => Firewall, end: () => void): void {
  let gate: TestGate;
  let traveller: Traveller;
  beforeEach(async () => {
    gate = await testGate(makeFirewall);
    await gate.operations.init({ by });
    await gate.operations.accountAdd({ by, number: '12', name: 'Ann', email: 'ann@example.com', pin: PIN });
    const known = await gate.doorkeeper.identify('12', PIN, caller);
    if (!known) throw new Error('the PIN is right');
    traveller = known;
  });
  afterEach(async () => {
    await gate.close();
    end();
  });
  const open = (text = HOTEL) => gate.doorkeeper.open(traveller, address(text), caller);
  const journal = async () =>
    (await gate.operations.log({ limit: 100 })).map(({ action, what }) => `${action} ${what}`);

  it('opens the traveller’s services, and no others, for his lease', async () => {
    const { entry, renewed } = await open();
    expect(await held(gate)).toEqual(phone(HOTEL));
    expect(renewed).toBe(false);
    expect(entry.until).toEqual(new Date(gate.clock.now().getTime() + 3 * DAY));
    expect(gate.notices.map(({ kind }) => kind)).toEqual(['opened']);
    expect(await journal()).toContain(`allow ${HOTEL}`);
  });

  it('renews an address that is open already: one entry, a new end', async () => {
    const first = await open();
    await gate.clock.advance(DAY);
    const second = await open();
    expect(second.renewed).toBe(true);
    expect((await gate.operations.list({})).map(({ id }) => id)).toEqual([second.entry.id]);
    expect(second.entry.until).toEqual(new Date(gate.clock.now().getTime() + 3 * DAY));
    expect(first.entry.id).not.toBe(second.entry.id);
    expect(await journal()).toContain(`renew ${HOTEL}`);
  });

  it('closes the oldest when there is one more than allowed, and hangs up its calls', async () => {
    await open('198.51.100.1');
    await gate.clock.advance(1000);
    await open('198.51.100.2');
    await gate.clock.advance(1000);
    const { closed } = await open('198.51.100.3');
    expect(closed.map(({ network }) => network)).toEqual(['198.51.100.1']);
    expect(await held(gate)).toEqual([...phone('198.51.100.2'), ...phone('198.51.100.3')].sort());
    await gate.clock.advance(0);
    expect(gate.asterisk.asked).toContain('hangUp 198.51.100.1');
  });

  it('keeps an address open for the second account behind it when the first is revoked', async () => {
    const { entry } = await open();
    await gate.operations.allow({ by, what: HOTEL, services: ['sip'], seconds: 3600 });
    const { stillOpenBy, callsHungUp } = await gate.operations.revoke({ by, what: `#${entry.id}` });
    expect(await held(gate)).toEqual([`sip ${HOTEL}`]);
    expect(stillOpenBy).toHaveLength(1);
    expect(callsHungUp).toEqual([]);
  });

  it('closes all of the account’s addresses when the traveller says so', async () => {
    await open('198.51.100.1');
    await open('198.51.100.2');
    await gate.doorkeeper.closeAll(traveller, caller);
    expect(await held(gate)).toEqual([]);
    expect(gate.notices.at(-1)).toMatchObject({ kind: 'closed', entries: [{}, {}] });
  });

  it('closes all of them when the account is disabled, and nobody comes in any more', async () => {
    await open();
    await gate.operations.accountEnable({ by, number: '12', enabled: false });
    expect(await held(gate)).toEqual([]);
    await expect(open()).rejects.toThrow('disabled');
  });

  it('revokes: out of the kernel, calls hung up, contacts removed', async () => {
    await open();
    const { callsHungUp } = await gate.operations.revoke({ by, what: HOTEL });
    expect(await held(gate)).toEqual([]);
    expect(callsHungUp).toEqual(['PJSIP/701-1']);
    expect(gate.asterisk.asked).toEqual([`ports`, `hangUp ${HOTEL}`, `forget ${HOTEL}`]);
  });

  it('revokes without Asterisk too, and says that calls may still be up', async () => {
    await open();
    gate.asterisk.isDown = true;
    expect((await gate.operations.revoke({ by, what: HOTEL })).callsHungUp).toBeNull();
    expect(await held(gate)).toEqual([]);
  });

  it('ends a lease by itself, and hangs nothing up', async () => {
    await open();
    await gate.clock.advance(3 * DAY);
    await gate.tick();
    expect(await held(gate)).toEqual([]);
    expect(await journal()).toContain(`ended ${HOTEL}`);
    expect(gate.asterisk.asked).not.toContain(`hangUp ${HOTEL}`);
    expect(gate.asterisk.asked).toContain(`forget ${HOTEL}`);
  });

  describe('a call that is up when its lease ends', () => {
    const media = [`rtp ${HOTEL}`];
    const soon = async (ms = 5000) => {
      await gate.clock.advance(ms);
      await gate.tick();
    };
    const endLease = async () => {
      gate.asterisk.callsNow = ['PJSIP/701-1'];
      await open();
      await gate.clock.advance(3 * DAY);
      await gate.tick();
    };

    it('has had its media in the kernel for an hour more from the first, so that there is no gap', async () => {
      await open();
      const left = (await gate.parts.firewall.members()).map(({ set, secondsLeft = 0 }) => [set, secondsLeft] as const);
      const hours = new Map(left.map(([set, seconds]) => [set, Math.round(seconds / 3600)]));
      expect(Object.fromEntries(hours)).toEqual({ sip: 72, iax: 72, rtp: 73, was: 74 });
    });

    it('goes on being heard until it is over, also over a restart, and nothing else is open', async () => {
      await endLease();
      expect(await held(gate)).toEqual(media);
      await soon();
      await openGate(gate.parts, () => Promise.resolve([])).restore();
      await gate.reconcile();
      expect(await held(gate)).toEqual(media);
      const { verdict } = await gate.operations.explain({ what: HOTEL });
      expect(verdict).toMatchObject({ rtp: 'accept' });
      gate.asterisk.callsNow = [];
      await soon();
      expect(await held(gate)).toEqual([]);
      expect(gate.asterisk.asked).not.toContain(`hangUp ${HOTEL}`);
    });

    it('ends after an hour', async () => {
      await endLease();
      await soon(HOUR - 2000);
      expect(await held(gate)).toEqual(media);
      await soon(5001);
      expect(await held(gate)).toEqual([]);
      expect(gate.asterisk.asked).toContain(`hangUp ${HOTEL}`);
    });

    it('goes on while Asterisk does not answer, but not where it never does', async () => {
      await endLease();
      gate.asterisk.isDown = true;
      await soon();
      expect(await held(gate)).toEqual(media);
      gate.asterisk.state = { ...gate.asterisk.state, state: 'off' };
      await soon();
      expect(await held(gate)).toEqual([]);
      await endLease();
      expect(await held(gate)).toEqual([]);
    });

    it('does not outlast what the admin has opened', async () => {
      gate.asterisk.callsNow = ['PJSIP/701-1'];
      await gate.operations.allow({ by, what: HOTEL, seconds: 60 });
      await soon(60_000);
      expect(await held(gate)).toEqual([]);
    });

    it('is cut by revoke, by disabling, by its traveller and with a later lease', async () => {
      const cuts = [
        () => gate.operations.revoke({ by, what: HOTEL }),
        () => gate.doorkeeper.closeAll(traveller, caller),
        async () => {
          const { entry } = await open();
          await gate.operations.revoke({ by, what: `#${entry.id}` });
        },
        () => gate.operations.accountEnable({ by, number: '12', enabled: false }),
      ];
      for (const cut of cuts) {
        await endLease();
        expect(await held(gate)).toEqual(media);
        gate.asterisk.asked.length = 0;
        await cut();
        expect(await held(gate)).toEqual([]);
        expect(gate.asterisk.asked).toContain(`hangUp ${HOTEL}`);
        await gate.reconcile();
        expect(await held(gate)).toEqual([]);
      }
    });

    it('is cut in the moment of the end too, before anybody has looked', async () => {
      const cuts = [
        () => gate.operations.revoke({ by, what: HOTEL }),
        () => gate.doorkeeper.closeAll(traveller, caller),
        () => gate.operations.accountEnable({ by, number: '12', enabled: false }),
      ];
      for (const cut of cuts) {
        gate.asterisk.callsNow = ['PJSIP/701-1'];
        await open();
        await gate.clock.advance(3 * DAY);
        await cut();
        await gate.tick();
        expect(await held(gate)).toEqual([]);
        expect(gate.asterisk.asked).toContain(`hangUp ${HOTEL}`);
        gate.asterisk.asked.length = 0;
      }
    });

    it('is cut by a block', async () => {
      await endLease();
      await gate.operations.block({ by, what: HOTEL });
      expect(await held(gate)).toContain(`block ${HOTEL}`);
      expect(gate.asterisk.asked).toContain(`hangUp ${HOTEL}`);
    });

    it('is cut when the last door on its address is closed, whichever that opened', async () => {
      await endLease();
      await gate.operations.allow({ by, what: HOTEL, services: ['sip'], name: 'desk' });
      await gate.operations.revoke({ by, what: 'desk' });
      expect(await held(gate)).toEqual([]);
    });

    it('is cut by one address too many', async () => {
      await endLease();
      await open();
      for (const last of [1, 2]) {
        await gate.clock.advance(1000);
        await open(`198.51.100.${last}`);
      }
      expect(await held(gate)).toEqual([...phone('198.51.100.1'), ...phone('198.51.100.2')].sort());
      await until(() => gate.asterisk.asked.includes(`hangUp ${HOTEL}`), 'its calls are hung up');
    });

    it('has its lease back when the traveller opens the address again, and is not hung up', async () => {
      await endLease();
      await open();
      await soon(HOUR + 5000);
      expect(await held(gate)).toEqual(phone(HOTEL));
      expect(gate.asterisk.asked).not.toContain(`hangUp ${HOTEL}`);
    });
  });

  describe('the traveller is mailed', () => {
    const told = () => gate.notices.map(({ kind }) => kind).slice(1);

    it('once before his lease ends, also over a restart, and anew when he has renewed it', async () => {
      const { entry } = await open();
      await gate.clock.advance(3 * DAY - 2 * HOUR - 1);
      await gate.tick();
      expect(told()).toEqual([]);
      await gate.clock.advance(1);
      await gate.tick();
      await gate.tick();
      await openGate(gate.parts, () => Promise.resolve([])).tick();
      expect(gate.notices.slice(1)).toMatchObject([
        { kind: 'ending', account: { number: '12' }, entry: { network: HOTEL, until: entry.until } },
      ]);
      expect((await gate.store.letterCounts()).waiting).toBe(2);
      await open();
      await gate.tick();
      await gate.clock.advance(3 * DAY - HOUR);
      await gate.tick();
      expect(told()).toEqual(['ending', 'opened', 'ending']);
    });

    it('of no lease that is shorter than twice the warning, and of no door that the admin opened', async () => {
      await gate.operations.accountSet({ by, number: '12', leaseSeconds: 4 * 3600 - 1 });
      await open();
      await gate.operations.allow({ by, what: '192.0.2.9', seconds: 5 * 3600 });
      await gate.clock.advance(4 * HOUR - 2000);
      await gate.tick();
      expect(told()).toEqual([]);
    });

    it('of a new PIN, which the letter does not know', async () => {
      const { pin } = await gate.operations.accountPin({ by, number: '12' });
      expect(gate.notices).toMatchObject([{ kind: 'pin-changed', account: { number: '12' }, by: 'root' }]);
      expect(JSON.stringify(lettersFor(gate.notices[0] as Notice, MAIL))).not.toContain(pin);
      await gate.operations.accountPin({ by, number: '12', dryRun: true });
      expect(gate.notices).toHaveLength(1);
    });

    it('of closings by others, with who did it and why', async () => {
      const wanted = { kind: 'revoked', account: { number: '12' }, by: 'root', entries: [{ network: HOTEL }] };
      await open();
      await gate.operations.revoke({ by, what: HOTEL });
      expect(gate.notices.slice(1)).toMatchObject([{ ...wanted, why: 'Revoked by the admin.' }]);
      await open();
      await gate.operations.accountEnable({ by, number: '12', enabled: false });
      expect(gate.notices.slice(3)).toMatchObject([{ ...wanted, why: 'Its account was disabled.' }]);
      await gate.operations.accountEnable({ by, number: '12', enabled: true });
      await open();
      await gate.operations.accountRemove({ by, number: '12' });
      expect(gate.notices.slice(5)).toMatchObject([{ ...wanted, why: 'Its account was removed.' }]);
    });

    it('of no end that came by itself, and of nothing that is not his', async () => {
      await gate.operations.accountSet({ by, number: '12', leaseSeconds: 60 });
      await open();
      await gate.clock.advance(61_000);
      await gate.tick();
      await gate.operations.allow({ by, what: HOTEL });
      await gate.operations.revoke({ by, what: HOTEL });
      await gate.operations.accountEnable({ by, number: '12', enabled: false });
      expect(told()).toEqual([]);
    });
  });

  it('a block takes an address out at once, and its doors are still there when it is lifted', async () => {
    await open();
    await gate.operations.block({ by, what: HOTEL, note: 'scans' });
    expect(await held(gate)).toEqual([`block ${HOTEL}`, ...phone(HOTEL)].sort());
    expect(await gate.doorkeeper.refusalOf(address(HOTEL))).toEqual({ reason: 'blocked' });
    await gate.operations.unblock({ by, what: HOTEL });
    expect(await held(gate)).toEqual(phone(HOTEL));
  });

  it('a restart loses no door and opens none that nobody was told of', async () => {
    await open();
    const { store, clock: fake } = gate;
    await store.addEntry({
      ...{
        kind: 'allow',
        what: 'x',
        network: address('198.51.100.9'),
        services: ['phone'],
        account: '12',
        by: 'account 12',
      },
      ...{ since: fake.now(), until: 'forever', name: undefined, note: undefined, state: 'opening' },
    });
    await gate.restore();
    expect(await held(gate)).toEqual(phone(HOTEL));
  });

  it.each([
    ['192.168.1.5', 'private'],
    ['127.0.0.1', 'loopback'],
    ['169.254.0.9', 'link-local'],
    ['100.64.0.9', 'shared'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['0.0.0.0', 'reserved'],
    ['203.0.113.1', 'own'],
  ])('refuses %s: %s', async (text, reason) => {
    expect(await gate.doorkeeper.refusalOf(address(text))).toEqual({ reason });
    await expect(open(text)).rejects.toThrow(reason);
    expect(await held(gate)).toEqual([]);
  });

  it('takes back an opening, a closing and a renewal', async () => {
    const lineOf = async (action: string) =>
      (await gate.operations.log({ limit: 100 })).filter((line) => line.action === action).at(-1)?.id ?? 0;
    await gate.operations.allow({ by, what: HOTEL, seconds: 7200 });
    await gate.operations.undo({ by, id: await lineOf('allow') });
    expect(await held(gate)).toEqual([]);
    await gate.operations.allow({ by, what: HOTEL, seconds: 7200 });
    await gate.operations.revoke({ by, what: HOTEL });
    await gate.operations.undo({ by, id: await lineOf('revoke') });
    expect(await held(gate)).toEqual(phone(HOTEL));
    const [before] = await gate.operations.list({});
    await gate.operations.allow({ by, what: HOTEL });
    expect((await gate.operations.list({}))[0]?.until).toBeNull();
    await gate.operations.undo({ by, id: await lineOf('renew') });
    expect((await gate.operations.list({})).map(({ until }) => until)).toEqual([before?.until]);
    expect(await held(gate)).toEqual(phone(HOTEL));
  });

  it('--dry-run shows and changes nothing', async () => {
    const dryRun = true;
    await open();
    const before = JSON.stringify([
      await gate.operations.list({}),
      await gate.operations.log({ limit: 100 }),
      await held(gate),
    ]);
    await gate.operations.allow({ by, what: '192.0.2.9', dryRun });
    await gate.operations.block({ by, what: '192.0.2.9', dryRun });
    await gate.operations.revoke({ by, what: HOTEL, dryRun });
    await gate.operations.accountSet({ by, number: '12', name: 'Bob', dryRun });
    await gate.operations.accountRemove({ by, number: '12', dryRun });
    await gate.operations.guard({ by, lose: [], dryRun });
    await gate.operations.firewallRemove({ by, dryRun });
    expect(
      JSON.stringify([await gate.operations.list({}), await gate.operations.log({ limit: 100 }), await held(gate)]),
    ).toBe(before);
    expect((await gate.operations.accountShow({ number: '12' })).name).toBe('Ann');
  });

  it('guards on trial, and keeps the mode only when it is confirmed', async () => {
    await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
    expect(await gate.store.modeState()).toMatchObject({ mode: 'watch', trial: { mode: 'guard' } });
    await gate.operations.confirm({ by, here: true });
    expect(await gate.store.modeState()).toMatchObject({ mode: 'guard', trial: undefined });
    expect((await gate.operations.watch({ by })).mode).toBe('watch');
  });

  it('secures on trial, with the admin’s own way in open before anything closes', async () => {
    const ssh = `${HOTEL} 50000 203.0.113.1 22`;
    await expect(gate.operations.secure({ by, lose: [], ssh })).rejects.toThrow('your own connection');
    await gate.operations.secure({ by, lose: [], ssh, admin: HOTEL });
    const services = gate.parts.services.map(({ name }) => `${name} ${HOTEL}`);
    expect(await held(gate)).toEqual([`all ${HOTEL}`, ...services].sort());
    await gate.operations.confirm({ by, here: true });
    expect(await gate.store.modeState()).toMatchObject({ mode: 'secure', trial: undefined });
    expect(await gate.reconcile()).toEqual([]);
  });

  it('forgets a trial that nobody confirmed, and says so', async () => {
    await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
    await gate.clock.advance(60_000);
    await gate.tick();
    expect(await gate.store.modeState()).toMatchObject({ mode: 'watch', trial: undefined });
    expect(await journal()).toContain('rollback watch');
    await expect(gate.operations.confirm({ by })).rejects.toThrow('no trial is running');
  });
}

describe('a gate that remembers its firewall', () => aGate(memoryFirewall, () => undefined));

describeAsRoot('a gate on the real kernel', () => {
  let host: Host;
  beforeEach(async () => {
    host = await makeHost('pbx');
  });
  // The kernel's own clock runs on while the test's stands: only what is held is compared, not how long.
  aGate(
    (fake) => firewallOn(host, { clock: { ...clock, now: () => fake.now() } }).firewall,
    () => host.close(),
  );
});

describe('a door that could not be opened', () => {
  let gate: TestGate;
  let firewall: ReturnType<typeof memoryFirewall>;
  beforeEach(async () => {
    gate = await testGate((fake) => (firewall = memoryFirewall(fake)));
    await gate.operations.init({ by });
  });
  afterEach(() => gate.close());

  it('because the kernel said no, leaves nothing behind but a line in the journal', async () => {
    firewall.failNext = true;
    await expect(gate.operations.allow({ by, what: HOTEL })).rejects.toThrow('the kernel said no');
    expect(await held(gate)).toEqual([]);
    expect(await gate.operations.list({})).toEqual([]);
    expect((await gate.operations.log({ limit: 10 })).at(-1)).toMatchObject({ action: 'failed', what: HOTEL });
    expect(gate.notices).toEqual([]);
  });

  it('because the store said no at the end, is closed in the kernel again', async () => {
    const real = gate.store.transaction.bind(gate.store);
    let nth = 0;
    const transaction = jest.spyOn(gate.store, 'transaction');
    transaction.mockImplementation((work) => (++nth === 2 ? Promise.reject(new Error('disk full')) : real(work)));
    await expect(gate.operations.allow({ by, what: HOTEL })).rejects.toThrow('disk full');
    expect(await held(gate)).toEqual([]);
    transaction.mockRestore();
    expect(await gate.operations.list({})).toEqual([]);
  });

  it('because the store went away for good in the middle, is closed in the kernel all the same', async () => {
    const real = gate.store.transaction.bind(gate.store);
    const away = () => Promise.reject(new Error('the database went away'));
    const ways = ['modeState', 'liveEntriesOn', 'outlastedLeases'] as const;
    let nth = 0;
    jest.spyOn(gate.store, 'transaction').mockImplementation((work) => {
      if (++nth === 2) for (const way of ways) jest.spyOn(gate.store, way).mockImplementation(away);
      return nth === 1 ? real(work) : away();
    });
    await expect(gate.operations.allow({ by, what: HOTEL })).rejects.toThrow('went away');
    expect(await held(gate)).toEqual([]);
    jest.restoreAllMocks();
    await gate.restore();
    expect(await gate.operations.list({})).toEqual([]);
  });

  it('would cut off a registered phone: guard refuses, and names it', async () => {
    gate.asterisk.peersNow = [{ name: '701', address: address('192.0.2.50'), kind: 'phone' }];
    await expect(gate.operations.guard({ by, lose: [] })).rejects.toThrow('phone 701 192.0.2.50');
    await gate.operations.guard({ by, lose: ['701'] });
    expect(firewall.policy?.trial?.mode).toBe('guard');
  });

  it('guards the ports on which Asterisk was found listening', async () => {
    await gate.operations.guard({ by, lose: [] });
    const sip = firewall.policy?.services.find(({ name }) => name === 'sip');
    expect(sip?.ports).toContainEqual({ protocol: 'udp', first: 5160, last: 5160 });
  });
});
