/** What kind of address this is, and which kinds may never be opened by telephone. */
import ipaddr from 'ipaddr.js';
import { familyOf, type Network } from './network';

export type Reach =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link-local'
  | 'shared'
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'reserved';

/** Registries: IANA special-purpose addresses (RFC 6890 and its updates). */
const DOCUMENTATION: readonly (readonly [string, number])[] = [
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
];
const NAMED: Readonly<Record<string, Reach>> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  carrierGradeNat: 'shared',
  multicast: 'multicast',
  broadcast: 'broadcast',
};

/** Judges by the first address of a network. */
export function reachOf(network: Network): Reach {
  const address = ipaddr.parse(network.split('/')[0] ?? network);
  if (familyOf(network) === 4) {
    const v4 = address as ipaddr.IPv4;
    if (DOCUMENTATION.some(([net, length]) => v4.match(ipaddr.IPv4.parse(net), length))) return 'documentation';
  } else if ((address as ipaddr.IPv6).match(ipaddr.IPv6.parse('2001:db8::'), 32)) return 'documentation';
  return NAMED[address.range()] ?? 'reserved';
}
