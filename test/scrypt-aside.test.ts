import { randomBytes } from 'node:crypto';
import { pinVault } from '../src/gate/pin-vault';
import { scryptAside } from '../src/scrypt-aside';

const pepper = randomBytes(32);

it('a PIN hashed aside is known to whoever hashes here, and the other way round', async () => {
  const [aside, here] = [pinVault(pepper, randomBytes, scryptAside(2)), pinVault(pepper, randomBytes)];
  expect(await here.verify('73914628', await aside.hash('73914628'))).toBe(true);
  const hash = await here.hash('73914628');
  expect(await Promise.all(['73914628', '73914629'].map((pin) => aside.verify(pin, hash)))).toEqual([true, false]);
});

it('what cannot be computed rejects, and the next is computed all the same', async () => {
  const scrypt = scryptAside(1);
  const [secret, salt] = [randomBytes(32), randomBytes(16)];
  await expect(scrypt(secret, salt, 32, { N: 3 })).rejects.toThrow(/param/i);
  expect(await scrypt(secret, salt, 32, { N: 16 })).toHaveLength(32);
});
