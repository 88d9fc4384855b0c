import { memoryFirewall, type MemoryFirewall } from '../support/memory-firewall';
import { testGate, type TestGate } from '../support/test-gate';

const by = 'root';
let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
});
afterEach(() => gate.close());

/** The boot unit brings back the confirmed mode alone. */
const reboot = () => {
  if (firewall.policy) firewall.policy = { ...firewall.policy, trial: undefined };
};
const lastLine = async () => (await gate.operations.log({ limit: 100 })).at(-1);

it.each(['guard', 'secure'] as const)(
  'a trial of %s that a reboot has ended is not begun again by the service',
  async (mode) => {
    await gate.operations[mode]({ by, lose: [], withinSeconds: 60, here: true });
    expect(firewall.policy?.trial?.mode).toBe(mode);
    reboot();
    await gate.restore();
    expect(firewall.policy).toMatchObject({ mode: 'watch', trial: undefined });
    expect(await lastLine()).toMatchObject({ action: 'rollback', what: 'watch' });
    await expect(gate.operations.confirm({ by })).rejects.toMatchObject({ code: 'REFUSED' });
  },
);

it('a trial that runs on in the kernel goes on when only the service was started again', async () => {
  await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
  await gate.restore();
  expect(firewall.policy?.trial?.mode).toBe('guard');
});

it('restoring by command ends a trial, writes the journal and is not begun again', async () => {
  await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
  expect(await gate.operations.firewallRestore({ by })).toMatchObject({ mode: 'watch', trial: null });
  await gate.reconcile();
  expect(firewall.policy?.trial).toBeUndefined();
  expect(await lastLine()).toMatchObject({ action: 'firewall', by });
});

it('restoring with --dry-run changes nothing', async () => {
  await gate.operations.guard({ by, lose: [], withinSeconds: 60 });
  await gate.operations.firewallRestore({ by, dryRun: true });
  expect(firewall.policy?.trial?.mode).toBe('guard');
  expect(await gate.store.modeState()).toMatchObject({ trial: { mode: 'guard' } });
});

it('restoring before a mode was chosen, or after the firewall was removed, is refused', async () => {
  await gate.operations.firewallRemove({ by });
  await expect(gate.operations.firewallRestore({ by })).rejects.toMatchObject({ code: 'REFUSED' });
});

it('a removal that was cut short is finished at the next start', async () => {
  const { policy } = firewall;
  await gate.operations.firewallRemove({ by });
  firewall.policy = policy; // as a reboot brought it back
  await gate.restore();
  expect(firewall.policy).toBeUndefined();
});

it('rules in the kernel stay at a start with a store that never knew a mode', async () => {
  const { policy } = firewall;
  const other = await testGate(() => firewall);
  await other.restore();
  expect(firewall.policy).toBe(policy);
  await other.close();
});

it('a closing of which the firewall reports a fault hangs up the calls all the same, and is reported', async () => {
  await gate.operations.allow({ by, what: '198.51.100.77' });
  firewall.failNext = true;
  await expect(gate.operations.revoke({ by, what: '198.51.100.77' })).rejects.toMatchObject({
    code: 'FIREWALL_FAILED',
  });
  expect(gate.asterisk.asked).toContain('hangUp 198.51.100.77');
});
