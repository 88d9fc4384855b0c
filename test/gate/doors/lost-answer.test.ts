/** A database that has done what it was asked, and whose answer was lost on the way. */
import type { Store } from '../../../src/domain/store';
import { AppError } from '../../../src/errors';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const PIN = '73914628';
const HOTEL = '198.51.100.77';
const caller = { number: undefined, channel: 'PJSIP/1' };

let gate: TestGate;
let firewall: MemoryFirewall;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  await gate.operations.accountAdd({ by, number: '12', email: 'ann@example.com', pin: PIN });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await gate.close();
});

/** Of the next transactions the second, which settles, is carried out, and `after` it all fail, or none. */
function loseTheAnswer(after: 'away' | 'back'): void {
  const real = gate.store.transaction.bind(gate.store);
  const lost = new AppError('STORE_FAILED', 'the connection was cut', 'is the database server running?');
  let nth = 0;
  const losing: Store['transaction'] = async (work) => {
    nth++;
    if (nth > 2 && after === 'away') throw lost;
    const result = await real(work);
    if (nth === 2) throw lost;
    return result;
  };
  jest.spyOn(gate.store, 'transaction').mockImplementation(losing);
}

const call = async () => {
  const known = await gate.doorkeeper.identify('12', PIN, caller);
  if (!known) throw new Error('the PIN is right');
  return () => gate.doorkeeper.open(known, address(HOTEL), caller);
};
const state = async () => ({
  held: firewall.held(),
  listed: (await gate.operations.list({})).map(({ what, state }) => `${what} ${state}`),
  journal: (await gate.operations.log({ limit: 20 })).map(({ action }) => action),
});

it.each(['opened', 'renewed'] as const)('a door that was %s after all is open, and people are told so', async (how) => {
  if (how === 'renewed') await (await call())();
  const open = await call();
  loseTheAnswer('back');
  await open();
  jest.restoreAllMocks();
  const now = await state();
  expect(now.listed).toEqual([`${HOTEL} active`]);
  expect(now.held).toContain(`sip ${HOTEL}`);
  expect(now.journal).not.toContain('failed');
  await gate.reconcile();
  expect(await state()).toEqual(now);
});

it('a door of which the store tells nothing more is shut, and the next comparison follows the store', async () => {
  const open = await call();
  loseTheAnswer('away');
  await expect(open()).rejects.toThrow(/could not be taken back at once/);
  expect(firewall.held()).toEqual([`was ${HOTEL}`]); // which lets nobody in
  jest.restoreAllMocks();
  await gate.reconcile();
  expect(await state()).toMatchObject({
    listed: [`${HOTEL} active`],
    held: expect.arrayContaining([`sip ${HOTEL}`]) as unknown,
  });
  expect(gate.notices.map(({ kind }) => kind)).toContain('opened');
});

it('what a person closed in one step with what opens stays closed', async () => {
  const rows = (what: string) => ({ by, text: `${what} sip\n`, apply: true });
  await gate.operations.importPlain(rows('192.0.2.10'));
  loseTheAnswer('back');
  await gate.operations.importPlain(rows('192.0.2.11'));
  jest.restoreAllMocks();
  expect((await state()).listed).toEqual(['192.0.2.11 active']);
  expect(firewall.held().filter((member) => member.startsWith('sip'))).toEqual(['sip 192.0.2.11']);
});
