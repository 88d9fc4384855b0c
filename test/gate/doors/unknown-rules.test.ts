/** Rules of ours are in force, and the database is not the one by which they were made. */
import { AppError } from '../../../src/errors';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const PIN = '73914628';
const HOTEL = '198.51.100.77';
const OFFICE = '192.0.2.10';
const caller = { number: undefined, channel: 'PJSIP/1' };
const REFUSED = { code: 'FIREWALL_DRIFT', what: 'rules of Tollgate are in force, and the database knows of no mode' };
const NO_MODE = { mode: undefined, trial: undefined, listening: undefined };

let gate: TestGate;
let firewall: MemoryFirewall;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.accountAdd({ by, number: '12', email: 'ann@example.com', pin: PIN });
});
afterEach(() => gate.close());

/** The mode is what another database would not know. */
async function takenForAnother(): Promise<void> {
  await gate.operations.init({ by });
  await gate.operations.allow({ what: OFFICE, by });
  await gate.store.saveModeState(NO_MODE);
}

const listed = async () => (await gate.operations.list({})).map(({ what, state }) => `${what} ${state}`);

it('a caller is told to try later, an admin what is wrong, and nothing is recorded as open', async () => {
  await takenForAnother();
  const held = firewall.held();
  expect(held).toContain(`sip ${OFFICE}`);
  const known = await gate.doorkeeper.identify('12', PIN, caller);
  if (!known) throw new Error('the PIN is right');
  await expect(gate.doorkeeper.open(known, address(HOTEL), caller)).rejects.toMatchObject(REFUSED);
  await expect(gate.operations.allow({ what: HOTEL, by })).rejects.toMatchObject(REFUSED);
  expect(await listed()).toEqual([`${OFFICE} active`]);
  expect(firewall.held()).toEqual(held);
});

it('what the kernel lets in is not said to be closed', async () => {
  await takenForAnother();
  await expect(gate.operations.revoke({ what: OFFICE, by })).rejects.toMatchObject(REFUSED);
  expect(await listed()).toEqual([`${OFFICE} active`]);
});

it('the status says so, and "init" makes the kernel what this database says', async () => {
  await takenForAnother();
  const firewallPart = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'firewall');
  expect(await firewallPart()).toMatchObject({ state: 'fail', detail: REFUSED.what });
  await gate.operations.init({ by });
  expect(await firewallPart()).toMatchObject({ state: 'warn' });
  await gate.operations.revoke({ what: OFFICE, by });
  expect(firewall.held()).not.toContain(`sip ${OFFICE}`);
});

it('before "init", with no rules in force, doors are recorded and nobody is there to tell', async () => {
  await gate.operations.allow({ what: OFFICE, by });
  await gate.operations.revoke({ what: OFFICE, by });
  expect(await listed()).toEqual([]);
});

it('a kernel that cannot be asked is told of beside everything else, with or without a mode', async () => {
  const missing = new AppError('FIREWALL_FAILED', 'iptables -S failed (ENOENT)', 'apt-get install iptables');
  const asked = async () => {
    const { ok, parts } = await gate.operations.status({});
    expect([ok, parts.find(({ name }) => name === 'doors')?.state]).toEqual([false, 'ok']);
    return parts.filter(({ detail }) => detail === missing.what);
  };
  firewall.rules = () => Promise.reject(missing);
  firewall.neighbours = () => Promise.reject(missing);
  const told = { state: 'fail', hint: missing.hint };
  expect(await asked()).toMatchObject([{ name: 'firewall', ...told }]);
  await gate.store.saveModeState({ ...NO_MODE, mode: 'guard' });
  expect(await asked()).toMatchObject([{ name: 'firewall', ...told }, { name: 'neighbours', ...told }]); // prettier-ignore
  firewall.rules = () => Promise.reject(new TypeError('a fault of ours'));
  await expect(gate.operations.status({})).rejects.toThrow('a fault of ours');
});
