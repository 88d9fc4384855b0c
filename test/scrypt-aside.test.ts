import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { clock } from '../src/clock';
import { pinVault } from '../src/gate/travellers/pin-vault';
import type { Clock } from '../src/ports';
import { scryptAside } from '../src/scrypt-aside';
import { until } from './support/until';

const pepper = randomBytes(32);
/** Whose patience is never over. */
const patient: Clock = { ...clock, sleep: (_ms, signal) => clock.sleep(60_000, signal) };
const impatient: Clock = { ...clock, sleep: () => Promise.resolve() };

it('a PIN hashed aside is known to whoever hashes here, and the other way round', async () => {
  const [aside, here] = [pinVault(pepper, randomBytes, scryptAside(2, clock)), pinVault(pepper, randomBytes)];
  expect(await here.verify('73914628', await aside.hash('73914628'))).toBe(true);
  const hash = await here.hash('73914628');
  expect(await Promise.all(['73914628', '73914629'].map((pin) => aside.verify(pin, hash)))).toEqual([true, false]);
});

it.each([
  ['in time', patient],
  ['too late', impatient],
])('what cannot be computed rejects, and the next is computed all the same, %s', async (_when, whose) => {
  const scrypt = scryptAside(1, whose);
  const [secret, salt] = [randomBytes(32), randomBytes(16)];
  for (let turn = 0; turn < 2; turn++) {
    await expect(scrypt(secret, salt, 32, { N: 3 })).rejects.toThrow(/param/i);
    expect(await scrypt(secret, salt, 32, { N: 16 })).toHaveLength(32);
  }
});

/** How many threads of this process are scheduled so: class and niceness. */
function scheduled(how: string): number {
  const { stdout } = spawnSync('ps', ['-L', '-o', 'cls=,ni=', '-p', String(process.pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.trim().split(/\s+/).join(' ') === how).length;
}

it('it is computed when nothing else is to be done, and when that never comes by a merely nicer thread', async () => {
  const [idle, nicer] = [scheduled('IDL -'), scheduled('TS 5')];
  const [secret, salt] = [randomBytes(32), randomBytes(16)];
  await scryptAside(1, patient)(secret, salt, 32, { N: 16 });
  expect([scheduled('IDL -'), scheduled('TS 5')]).toEqual([idle + 1, nicer]);
  await scryptAside(1, impatient)(secret, salt, 32, { N: 16 });
  await until(() => scheduled('IDL -') === idle + 2 && scheduled('TS 5') === nicer + 1, 'both threads are there');
});
