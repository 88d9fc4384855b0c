/** An import is one step: what the kernel or the store does not take whole is as it was before. */
import { clock } from '../../src/clock';
import type { Firewall } from '../../src/domain/firewall';
import type { Records } from '../../src/domain/store';
import { AppError } from '../../src/errors';
import { openFirewall } from '../../src/firewall/open';
import { makeHost, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import type { FakeClock } from '../support/fake-clock';
import { fakeKernel } from '../support/fake-kernel';
import { firewallOn } from '../support/firewall-host';
import { testGate, type TestGate } from '../support/test-gate';

const by = 'root';
/** So few that a list of ours does not fit. */
const MOST_MEMBERS = 50;
const BEFORE = ['192.0.2.7 # office', '192.0.2.10-20', '-\t192.0.2.30\tsip', '8\t203.0.113.9\t-\troot\t\t\tblocked'];
/** 192.0.2.10 to 192.0.2.20 leave, 192.0.2.30 has other services, the block goes, and others come. */
const AFTER = ['192.0.2.7 # office', '-\t192.0.2.30\tssh', '198.51.100.4-9', 'office.example.com'];
const TOO_MANY = [...AFTER, ...Array.from({ length: MOST_MEMBERS + 20 }, (_, i) => `198.51.100.${i + 20}`)];

function anImport(makeFirewall: (clock: FakeClock) => Firewall, end: () => void): void {
  let gate: TestGate;
  beforeEach(async () => {
    gate = await testGate(makeFirewall);
    await gate.operations.init({ by });
    gate.names.set('office.example.com', { A: ['203.0.113.40'] });
    await apply(BEFORE);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await gate.close();
    end();
  });
  const apply = (list: readonly string[]) => gate.operations.importPlain({ by, text: list.join('\n') });
  const held = async () =>
    (await gate.parts.firewall.members())
      .filter(({ set }) => set !== 'was')
      .map(({ set, network }) => `${set} ${network}`)
      .sort();
  const everything = async () => ({ held: await held(), listed: await gate.operations.list({}) });
  const journal = async () =>
    (await gate.operations.log({ limit: 200 })).map(({ action, what }) => `${action} ${what}`);

  it('opens, changes and closes at once', async () => {
    const lines = (await journal()).length;
    await apply(AFTER);
    expect(await held()).toEqual([
      ...['192.0.2.7', '198.51.100.4/30', '198.51.100.8/31', '203.0.113.40'].map((network) => `iax ${network}`),
      ...['192.0.2.7', '198.51.100.4/30', '198.51.100.8/31', '203.0.113.40'].map((network) => `rtp ${network}`),
      ...['192.0.2.7', '198.51.100.4/30', '198.51.100.8/31', '203.0.113.40'].map((network) => `sip ${network}`),
      'ssh 192.0.2.30',
    ]);
    expect((await journal()).slice(lines)).toEqual([
      'renew 192.0.2.30',
      'allow 198.51.100.4-198.51.100.9',
      'allow office.example.com',
      'unblock 203.0.113.9',
      'revoke 192.0.2.10-192.0.2.20',
    ]);
    expect(gate.asterisk.asked).toEqual(expect.arrayContaining(['hangUp 192.0.2.30', 'hangUp 192.0.2.16/30']));
    expect(gate.asterisk.asked).not.toContain('hangUp 192.0.2.7');
  });

  it('has what it changed back when its line is undone', async () => {
    const { listed } = await everything();
    await apply(['192.0.2.7 # office', '192.0.2.10-20', '-\t192.0.2.30\tssh', BEFORE[3] ?? '']);
    const line = (await gate.operations.log({ limit: 200 })).at(-1);
    await gate.operations.undo({ by, id: line?.id ?? 0 });
    const terms = (shapes: typeof listed) => shapes.map(({ what, services }) => `${what} ${services.join('+')}`).sort();
    expect(terms((await everything()).listed)).toEqual(terms(listed));
  });

  it('is as it was before when the kernel stops in the middle', async () => {
    const before = await everything();
    const lines = (await journal()).length;
    const fault = await apply(TOO_MANY).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(AppError);
    expect(fault).toMatchObject({
      code: 'FIREWALL_FAILED',
      what: expect.stringMatching(/^nothing of import plain was carried out: .* is full/) as string,
    });
    expect(await everything()).toEqual(before);
    expect((await journal()).slice(lines)).toEqual([expect.stringMatching(/^failed 192\.0\.2\.30 and \d+ more$/)]);
    expect(await gate.operations.firewallApply({ by })).toMatchObject({ lines: [] });
  });

  it('is as it was before when the store stops in the middle', async () => {
    const before = await everything();
    const lines = (await journal()).length;
    const real = gate.store.transaction.bind(gate.store);
    let changes = 0;
    const full = new AppError('STORE_FAILED', 'the disk is full', 'make room');
    const failing = (records: Records): Records => {
      const changeEntry: Records['changeEntry'] = (id, patch) =>
        ++changes === 4 ? Promise.reject(full) : records.changeEntry(id, patch);
      return Object.create(records, { changeEntry: { value: changeEntry } }) as Records;
    };
    jest.spyOn(gate.store, 'transaction').mockImplementation((work, how) => {
      return real((records) => work(failing(records)), how);
    });
    await expect(apply(AFTER)).rejects.toThrow('nothing of import plain was carried out: the disk is full');
    expect(await everything()).toEqual(before);
    expect((await journal()).slice(lines)).toEqual([expect.stringMatching(/^failed 192\.0\.2\.30 and 2 more$/)]);
    jest.restoreAllMocks();
    await apply(AFTER);
    expect((await everything()).listed.map(({ what }) => what)).toContain('office.example.com');
  });

  it('says what it could not take back while the kernel is away, and the next comparison does', async () => {
    const before = await everything();
    const real = gate.store.transaction.bind(gate.store);
    const away = new AppError('STORE_FAILED', 'the database is away', 'start it');
    let nth = 0;
    jest
      .spyOn(gate.store, 'transaction')
      .mockImplementation((work) => (++nth === 1 ? real(work) : Promise.reject(away)));
    await expect(apply(AFTER)).rejects.toThrow(/the database is away; .*could not be taken back at once/);
    jest.restoreAllMocks();
    await gate.restore();
    expect(await everything()).toEqual(before);
  });

  it('leaves out a name that DNS does not tell, says so, does all else, and closes nothing that may be it', async () => {
    gate.names.set('office.example.com', { fails: ['A', 'AAAA'] });
    const { proposals } = await apply(AFTER);
    expect(proposals.filter(({ state }) => state === 'refused')).toMatchObject([
      { what: 'office.example.com', why: expect.stringContaining('DNS does not tell') as string },
      { what: '203.0.113.9', why: expect.stringContaining('it stays') as string },
      { what: '192.0.2.10-192.0.2.20', why: expect.stringContaining('it stays') as string },
    ]);
    expect((await everything()).listed.map(({ what }) => what)).toEqual([
      '192.0.2.7',
      '192.0.2.10-192.0.2.20',
      '203.0.113.9',
      '192.0.2.30',
      '198.51.100.4-198.51.100.9',
    ]);
  });

  it('does nothing at all when one of its lines cannot be', async () => {
    const before = await everything();
    await expect(apply([...AFTER, '7\t203.0.113.1\t-\troot\t\t\tblocked'])).rejects.toThrow(
      /line 5: 203\.0\.113\.1 is this machine's own address/,
    );
    expect(await everything()).toEqual(before);
  });
}

describe('an import over a kernel in memory', () =>
  anImport(
    (fake) => {
      const { run, spawnSession } = fakeKernel(fake);
      return openFirewall({ run, spawnSession, clock: fake, log: () => undefined, mostMembers: MOST_MEMBERS });
    },
    () => undefined,
  ));

describeAsRoot('an import on the real kernel', () => {
  let host: Host;
  beforeEach(async () => {
    host = await makeHost('pbx');
  });
  anImport(
    (fake) => firewallOn(host, { clock: { ...clock, now: () => fake.now() }, mostMembers: MOST_MEMBERS }).firewall,
    () => host.close(),
  );
});
