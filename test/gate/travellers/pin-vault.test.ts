import { randomBytes } from 'node:crypto';
import { pinVault } from '../../../src/gate/travellers/pin-vault';

const vault = pinVault(randomBytes(32), randomBytes);

it('a PIN is known again, and no other', async () => {
  const hash = await vault.hash('73914628');
  expect(await vault.verify('73914628', hash)).toBe(true);
  expect(await vault.verify('73914629', hash)).toBe(false);
  expect(hash).not.toContain('73914628');
});

it('the same PIN is kept differently each time, and means nothing under another pepper', async () => {
  const hash = await vault.hash('73914628');
  expect(await vault.hash('73914628')).not.toBe(hash);
  expect(await pinVault(randomBytes(32), randomBytes).verify('73914628', hash)).toBe(false);
});

it('a missing or damaged hash lets nobody in, after the same work', async () => {
  const spent = async (hash: string | undefined) => {
    const begun = process.cpuUsage();
    expect(await vault.verify('73914628', hash)).toBe(false);
    return process.cpuUsage(begun).user;
  };
  const real = await spent(await vault.hash('11223344'));
  expect(await spent(undefined)).toBeGreaterThan(real / 4);
  await expect(vault.verify('73914628', 'scrypt$16384$2$c2FsdA$c2hvcnQ')).resolves.toBe(false);
});

it('an account number that is none is known again, but cannot be read', () => {
  expect(vault.disguise('73914628')).toBe(vault.disguise('73914628'));
  expect(vault.disguise('73914628')).not.toBe(vault.disguise('73914629'));
  expect(vault.disguise('73914628')).not.toContain('7391');
});
