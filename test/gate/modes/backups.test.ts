import { openGate } from '../../../src/gate/gate';
import type { Operations } from '../../../src/gate/operations';
import type { Parts } from '../../../src/gate/parts';
import { fakeClock } from '../../support/fake-clock';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const HOUR = 3600;
const SETTINGS = expect.stringContaining('Rules are made from the settings') as string;

describe('backups', () => {
  let gate: TestGate;
  let firewall: MemoryFirewall;
  let operations: Operations;
  beforeEach(async () => {
    gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
    operations = gate.operations;
    await operations.init({ by });
    await gate.clock.advance(1000);
  });
  afterEach(() => gate.close());

  const guard = async () => {
    await operations.allow({ by, what: '203.0.113.9', primary: true, services: ['all'] });
    await operations.guard({ by, lose: ['all'], here: true });
    await operations.confirm({ by, here: true });
    await gate.clock.advance(1000);
  };
  const allow = (what: string, seconds?: number) =>
    operations.allow({ by, what, services: ['sip'], ...(seconds !== undefined && { seconds }) });
  const newest = async () => (await operations.backupList({}))[0]?.id ?? 'none';
  const sip = () => firewall.held().filter((line) => line.startsWith('sip '));
  /** Something of the kernel's rules changes, so that what is now is saved. */
  const save = async () => {
    firewall.changesRules = () => true;
    await operations.firewallApply({ by });
    await gate.clock.advance(1000);
    return newest();
  };

  it('are made before each change of a mode, with what was about to be done', async () => {
    await guard();
    await operations.watch({ by });
    await operations.firewallRemove({ by });
    expect((await operations.backupList({})).map(({ mode, why }) => [mode, why.replace(/until .*/, 'until')])).toEqual([
      ['watch', 'Before everything of ours was removed.'],
      ['guard', 'Before: Mode watch.'],
      ['watch', 'Before: Mode guard confirmed.'],
      ['watch', 'Before: Mode guard on trial until'],
      [null, 'Before: Mode watch.'],
    ]);
  });

  it('are not made by looking, and not when no rule changes', async () => {
    const before = await newest();
    await operations.firewallApply({ by });
    await operations.watch({ by, dryRun: true });
    await operations.firewallRemove({ by, dryRun: true });
    expect(await newest()).toBe(before);
  });

  it('bring back what was closed since, and close what was opened since', async () => {
    await allow('198.51.100.1');
    await allow('198.51.100.2');
    const id = await save();
    await operations.revoke({ by, what: '198.51.100.1' });
    await allow('198.51.100.3');
    await operations.block({ by, what: '198.51.100.66' });
    const planned = await operations.backupRestore({ by, id, dryRun: true });
    expect(sip()).toEqual(['sip 198.51.100.2', 'sip 198.51.100.3']);
    const restored = await operations.backupRestore({ by, id });
    expect(sip()).toEqual(['sip 198.51.100.1', 'sip 198.51.100.2']);
    expect(firewall.held()).not.toContain('block 198.51.100.66');
    for (const shape of [planned, restored]) {
      expect(shape.opened.map(({ what }) => what)).toEqual(['198.51.100.1']);
      expect(shape.closed.map(({ what }) => what)).toEqual(['198.51.100.3', '198.51.100.66']);
    }
    // What was opened again has another number now, and is the same all the same.
    expect(await operations.backupRestore({ by, id })).toMatchObject({ opened: [], closed: [], left: [SETTINGS] });
    expect(sip()).toEqual(['sip 198.51.100.1', 'sip 198.51.100.2']);
  });

  it('bring back a range with all that is part of it, once', async () => {
    await operations.allow({ by, what: '198.51.100.10-198.51.100.12', services: ['sip'] });
    const id = await save();
    const held = sip();
    expect(held.length).toBe(2);
    await operations.revoke({ by, what: '198.51.100.10-198.51.100.12' });
    expect(sip()).toEqual([]);
    const { opened } = await operations.backupRestore({ by, id });
    expect(opened.map(({ kind, what }) => [kind, what])).toEqual([['range', '198.51.100.10-198.51.100.12']]);
    expect(sip()).toEqual(held);
    expect(await operations.backupRestore({ by, id })).toMatchObject({ opened: [], closed: [] });
    expect(sip()).toEqual(held);
  });

  it('leave leases out whose end has come, and give the others no more than they had', async () => {
    await allow('198.51.100.1', HOUR);
    const { until } = await allow('198.51.100.2', 3 * HOUR);
    const id = await save();
    await operations.revoke({ by, what: '198.51.100.1' });
    await operations.revoke({ by, what: '198.51.100.2' });
    await gate.clock.advance(2 * HOUR * 1000);
    const { over, opened } = await operations.backupRestore({ by, id });
    expect(over).toBe(1);
    expect(opened.map((entry) => [entry.what, entry.until])).toEqual([['198.51.100.2', until]]);
    expect(sip()).toEqual(['sip 198.51.100.2']);
  });

  it('never close where the admin comes from, nor his own ways in', async () => {
    const id = await save();
    await operations.allow({ by, what: '203.0.113.9', services: ['all'], primary: true });
    await allow('198.51.100.0/24');
    await allow('192.0.2.5');
    const { kept, closed } = await operations.backupRestore({ by, id, ssh: '198.51.100.7 50000 203.0.113.1 22' });
    expect(kept.map(({ what }) => what)).toEqual(['203.0.113.9', '198.51.100.0/24']);
    expect(closed.map(({ what }) => what)).toEqual(['192.0.2.5']);
  });

  it('bring back a less strict mode at once, and can be taken back by a backup of their own', async () => {
    await allow('198.51.100.1');
    const id = await save();
    await guard();
    await operations.backupRestore({ by, id });
    expect(firewall.policy?.mode).toBe('watch');
    expect((await operations.status({})).mode).toBe('watch');
    expect((await operations.backupList({})).map(({ mode }) => mode)).toContain('guard');
  });

  it('never make it stricter: that goes by a trial', async () => {
    await guard();
    const id = await save();
    await operations.watch({ by });
    await expect(operations.backupRestore({ by, id })).rejects.toMatchObject({
      code: 'REFUSED',
      hint: expect.stringContaining('tollgate guard') as string,
    });
    expect(firewall.policy?.mode).toBe('watch');
  });

  it('wait for the end of a trial', async () => {
    const id = await save();
    await operations.guard({ by, lose: ['all'], here: true });
    await expect(operations.backupRestore({ by, id })).rejects.toThrow('guard is on trial');
  });

  it('are not brought back from before anything of ours was there, nor when there are none', async () => {
    const id = (await operations.backupList({})).at(-1)?.id ?? '';
    await expect(operations.backupRestore({ by, id })).rejects.toThrow('nothing of ours');
    for (const wrong of ['20200101-000000', '../tollgate.db', '']) {
      await expect(operations.backupRestore({ by, id: wrong })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('must be possible before a stricter mode is tried, but keep nobody from a less strict one', async () => {
    await guard();
    gate.parts.backups.save = () => Promise.reject(new Error('the disk is full'));
    await operations.watch({ by });
    expect(firewall.policy?.mode).toBe('watch');
    await expect(operations.guard({ by, lose: ['all'], here: true })).rejects.toThrow('the disk is full');
    expect(firewall.policy?.trial).toBeUndefined();
  });
});

it('brought back by a process that dies after any of its steps, and then once more, are as if it had lived', async () => {
  const survived = await restoredOver(Infinity);
  expect(survived.mode).toBe('watch');
  expect(survived.held).toEqual(expect.arrayContaining(['sip 198.51.100.1', 'sip 198.51.100.10/31']));
  let [steps, died] = [0, true];
  for (; died; steps++) {
    const once = await restoredOver(steps);
    died = once.died;
    expect([steps, { ...once, died: false }]).toEqual([steps, survived]);
  }
  expect(steps).toBeGreaterThan(7); // backup, begun, kernel, settled, backup, rules, mode, journal
});

/** What is in force when a restoring process was dead after so many steps, and the next one has done it again. */
async function restoredOver(steps: number) {
  let firewall = memoryFirewall(fakeClock());
  const gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  const { operations, store, clock } = gate;
  await operations.init({ by });
  await operations.allow({ by, what: '198.51.100.1', services: ['sip'], seconds: HOUR });
  await operations.allow({ by, what: '198.51.100.10-198.51.100.12', services: ['sip'] });
  await operations.block({ by, what: '198.51.100.66' });
  await operations.guard({ by, lose: ['all'], here: true });
  const [{ id } = { id: '' }] = await operations.backupList({});
  await operations.confirm({ by, here: true });
  for (const what of ['198.51.100.1', '198.51.100.10-198.51.100.12']) await operations.revoke({ by, what });
  await operations.unblock({ by, what: '198.51.100.66' });
  await operations.allow({ by, what: '198.51.100.3', services: ['sip'] });
  await clock.advance(1000);
  const dying = dyingParts(gate.parts, steps);
  const first = openGate(dying.parts, () => Promise.resolve([])).operations.backupRestore({ by, id });
  await Promise.race([first, dying.dead]);
  const next = openGate(gate.parts, () => Promise.resolve([]));
  await next.restore();
  await next.operations.backupRestore({ by, id });
  const { mode, trial } = await store.modeState();
  const listed = (await next.operations.list({})).map(({ what, kind, until, state }) => [what, kind, until, state]);
  const open = (await store.liveEntries(clock.now())).map(({ network, state }) => `${network} ${state}`).sort();
  const result = { died: dying.isDead(), mode, trial, rules: firewall.policy?.mode, held: firewall.held(), open };
  await gate.close();
  return { ...result, listed: listed.map((each) => JSON.stringify(each)).sort() };
}

/** The same, but after so many steps that change something outside nothing answers any more. */
function dyingParts(parts: Parts, steps: number) {
  let left = steps;
  let die = (): void => undefined;
  const dead = new Promise<void>((resolve) => (die = resolve));
  const step = <T>(work: () => Promise<T>): Promise<T> => {
    if (left-- > 0) return work();
    die();
    return new Promise(() => undefined);
  };
  const { store, firewall, backups } = parts;
  const dying: Parts = {
    ...parts,
    store: { ...store, transaction: (work, how) => step(() => store.transaction(work, how)) },
    firewall: {
      ...firewall,
      change: (changes) => step(() => firewall.change(changes)),
      apply: (policy, elements, look) => step(() => firewall.apply(policy, elements, look)),
    },
    backups: { ...backups, save: (backup) => step(() => backups.save(backup)) },
  };
  return { parts: dying, dead, isDead: () => left < 0 };
}

it('in a database that PBXs share bring back the mode alone, and say so before it is done', async () => {
  const gate = await testGate(memoryFirewall, undefined, { sharedAs: 'north' });
  const { operations } = gate;
  await operations.init({ by });
  await operations.allow({ by, what: '203.0.113.9', primary: true, services: ['all'] });
  await operations.guard({ by, lose: ['all'], here: true });
  await operations.confirm({ by, here: true });
  await operations.watch({ by });
  await operations.allow({ by, what: '198.51.100.1' });
  const [{ id } = { id: '' }] = (await operations.backupList({})).filter(({ mode }) => mode === 'watch');
  const listed = await operations.list({});
  for (const dryRun of [true, false]) {
    const { left, opened, closed, mode } = await operations.backupRestore({ by, id, dryRun });
    expect({ opened, closed, mode }).toEqual({ opened: [], closed: [], mode: 'watch' });
    expect(left).toEqual([
      expect.stringMatching(/only the mode of "north" is brought back.*It had 1 entries open/),
      expect.stringContaining('Rules are made from the settings as they are today'),
    ]);
    expect(await operations.list({})).toEqual(listed);
  }
  await gate.close();
});
