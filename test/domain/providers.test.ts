import { parseHostName } from '../../src/domain/host-name';
import { isSingle, parseNetwork, prefixOf } from '../../src/domain/network';
import { providerNamed, providers } from '../../src/domain/providers';
import list from '../../src/domain/providers.json';
import { reachOf } from '../../src/domain/reach';

describe.each(list)('the provider $id', (provider) => {
  const networks = [...provider.networks, ...provider.media];

  it('can be typed, and is no host name', () => {
    expect(provider.id).toMatch(/^[a-z0-9][a-z0-9-]{2,20}$/);
    expect(providerNamed(provider.id)?.company).toBe(provider.company);
  });

  it('has names or networks, each written in its one form', () => {
    expect(provider.names.length + networks.length).toBeGreaterThan(0);
    expect(provider.names.map(parseHostName)).toEqual(provider.names);
    expect(networks.map(parseNetwork)).toEqual(networks);
    expect(new Set([...provider.names, ...networks]).size).toBe(provider.names.length + networks.length);
  });

  it('opens nothing private, and no network that is too wide for a company', () => {
    for (const network of networks.flatMap((text) => parseNetwork(text) ?? [])) {
      expect([network, reachOf(network)]).toEqual([network, 'public']);
      expect([network, isSingle(network) || prefixOf(network) >= (network.includes(':') ? 32 : 18)]).toEqual([
        network,
        true,
      ]);
    }
  });

  it('opens services that exist, on ports that can be', () => {
    expect(['sip', 'iax', 'rtp']).toEqual(expect.arrayContaining(provider.services));
    for (const ports of provider.ports) expect(ports).toMatch(/^(udp|tcp)\/\d{2,5}(-\d{2,5})?$/);
  });

  it('says where that is from, and when it was read', () => {
    expect(new URL(provider.source).protocol).toBe('https:');
    expect(provider.checked).toMatch(/^20\d\d-[01]\d-[0-3]\d$/);
  });
});

it('providers are listed once each, by their names', () => {
  const ids = list.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(providers()).toHaveLength(list.length);
});
