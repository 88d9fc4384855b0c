/** Country data where only apt works: Debian's package is downloaded and unpacked, and nothing is installed. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { openCountryData } from '../../src/country/data';
import { fetchTable } from '../../src/country/fetch';
import { AppError } from '../../src/errors';
import { run } from '../../src/run';
import { net } from '../support/net';

it('apt’s table comes into force, is not fetched twice, and no package is installed', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tollgate-debian-'));
  try {
    const folder = join(home, 'countries');
    const settings = { folder, owner: undefined, source: 'auto', maxmindLogin: '', url: '' } as const;
    const download = () => Promise.reject(new AppError('COUNTRY_FAILED', 'no https here', ''));
    const ports = { run, download, clock, random: randomBytes, tell: () => undefined };
    const first = await fetchTable(undefined, settings, ports);
    if (first.kind !== 'new') throw new Error('nothing new came from apt');
    expect(first.tried).toHaveLength(2);
    const data = openCountryData({ folder, permitUnknown: false, log: () => undefined });
    const { facts } = await data.adopt(first.name, { dryRun: false });
    expect(facts).toMatchObject({ source: 'Debian tor-geoipdb', maxAgeDays: 400 });
    expect(Math.min(facts.ranges[4], facts.ranges[6])).toBeGreaterThan(100_000);
    const countries = await data.judge({ countries: [], ranges: [] });
    expect(['53.1.2.3', '133.11.0.1', '2600::1'].map((address) => countries.lookup(net(address)).country)).toEqual([
      'DE',
      'JP',
      'US',
    ]);
    expect(await fetchTable(undefined, settings, ports)).toMatchObject({ kind: 'unchanged' });
    expect(existsSync('/usr/sbin/tor')).toBe(false);
    expect(await run('dpkg-query', ['--list'])).not.toMatch(/tor-geoipdb/);
  } finally {
    rmSync(home, { recursive: true });
  }
});
