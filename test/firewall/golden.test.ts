import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mode, Policy } from '../../src/domain/firewall';
import { desiredState } from '../../src/firewall/desired-state';
import { PBX } from '../support/firewall-host';
import { permittedOf } from '../support/permitted';

/** The PBX of the tests, with a guarded web page that shares its port with SIP, and SSH that is open to the world. */
const HOUSE: Policy = {
  ...PBX,
  services: PBX.services.map((one) => {
    if (one.name === 'sip')
      return { ...one, ports: [...one.ports, { protocol: 'tcp' as const, first: 8089, last: 8089 }] };
    const web = [443, 8089].map((port) => ({ protocol: 'tcp' as const, first: port, last: port }));
    return one.name === 'web'
      ? { ...one, ports: web, guarded: true, policy: 'whitelist' }
      : { ...one, policy: one.name === 'ssh' ? 'open' : 'whitelist' };
  }),
  dhcpDevices: ['eth0'],
};

/** The same where permitted countries may use the phone. */
const COUNTRIES: Policy = {
  ...HOUSE,
  services: HOUSE.services.map((one) => (one.name === 'sip' ? { ...one, policy: 'countries' } : one)),
  permitted: permittedOf(),
};

describe('the rules of a mode, word for word', () => {
  it.each([4, 6] as const)('guard, with a service that lets permitted countries in, IPv%i', (family) => {
    expectGolden('countries', { ...COUNTRIES, mode: 'guard' }, family);
  });

  it.each(
    (['watch', 'guard', 'secure'] as const).flatMap((mode) =>
      ([4, 6] as const).map((family) => [mode, family] as const),
    ),
  )('%s, IPv%i', (mode: Mode, family: 4 | 6) => {
    expectGolden(mode, { ...HOUSE, mode }, family);
  });
});

function expectGolden(name: string, policy: Policy, family: 4 | 6): void {
  const { chains } = desiredState(policy, new Map(), new Date('2026-11-22T12:00:00Z')).rules[family];
  const text = [...chains].map(([chain, rules]) => [`:${chain}`, ...rules, ''].join('\n')).join('\n');
  const golden = join(__dirname, '../golden', `${name}-${family}.rules`);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, text);
  expect(text).toBe(readFileSync(golden, 'utf8'));
}
