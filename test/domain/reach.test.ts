import { parseNetwork } from '../../src/domain/network';
import { reachOf } from '../../src/domain/reach';

it.each([
  ['8.8.8.8', 'public'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['169.254.1.1', 'link-local'],
  ['100.64.0.1', 'shared'],
  ['100.127.255.255', 'shared'],
  ['100.128.0.1', 'public'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['0.0.0.0', 'reserved'],
  ['0.1.2.3', 'reserved'],
  ['240.0.0.1', 'reserved'],
  ['192.0.0.8', 'reserved'],
  ['198.18.0.1', 'reserved'],
  ['192.0.2.7', 'documentation'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.7', 'documentation'],
  ['2606:4700::1', 'public'],
  ['2001:db8::1', 'documentation'],
  ['fd00::1', 'private'],
  ['fe80::1', 'link-local'],
  ['::1', 'loopback'],
  ['ff02::1', 'multicast'],
  ['::', 'reserved'],
])('%s is %s', (text, reach) => {
  const network = parseNetwork(text);
  expect(network && reachOf(network)).toBe(reach);
});
