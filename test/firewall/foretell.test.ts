import type { Mode, Packet, Policy } from '../../src/domain/firewall';
import { foretell } from '../../src/firewall/foretell';
import { PBX } from '../support/firewall-host';
import { net } from '../support/net';
import { permittedOf } from '../support/permitted';

const NOW = new Date('2026-11-22T12:00:00Z');
const [HOTEL, STRANGER, LAN] = ['198.51.100.7', '198.51.100.8', '192.168.1.20'];

const ELEMENTS = new Map([
  ['sip', new Map([[net('198.51.100.0/29'), 'forever' as const]])],
  ['rtp', new Map([[net(HOTEL), 'forever' as const]])],
  ['all', new Map([[net('2001:db8::/64'), 'forever' as const]])],
  ['block', new Map([[net('192.0.2.66'), 'forever' as const]])],
  ['was', new Map([[net('192.0.2.9'), 'forever' as const]])],
]);
const TRUSTED = [{ network: net('192.168.1.0/24'), device: 'eth1' }];

function packet(what: string, more: Partial<Packet> = {}): Packet {
  const [from = '', protocol, port] = what.split(' ');
  return {
    ...{ from: net(from), protocol: protocol === 'tcp' ? 'tcp' : 'udp', port: Number(port), device: 'eth0' },
    ...{ isReply: false, isOwn: false, ...more },
  };
}

const isReply = true;
it.each<[string, Packet, string, string, string]>([
  ['a listed phone', packet(`${HOTEL} udp 5060`), 'return', 'accept', 'accept'],
  ['a stranger at a guarded port', packet(`${STRANGER} udp 5060`), 'return', 'drop', 'drop'],
  ['a stranger at a port that nobody guards', packet(`${STRANGER} udp 9000`), 'return', 'return', 'drop'],
  ['a stranger at the open web page', packet(`${STRANGER} tcp 443`), 'return', 'return', 'accept'],
  ['a stranger at SSH', packet(`${STRANGER} tcp 22`), 'return', 'return', 'drop'],
  ['an entry for all at a port of no service', packet('2001:db8::5 tcp 9000'), 'return', 'return', 'accept'],
  ['media of a listed phone', packet(`${HOTEL} udp 12000`), 'return', 'return', 'accept'],
  ['media of a stranger', packet(`${STRANGER} udp 12000`), 'return', 'return', 'drop'],
  ['an answer to what we asked', packet(`${STRANGER} udp 40000`, { isReply }), 'return', 'return', 'accept'],
  ['an answer of a phone that was closed', packet('192.0.2.9 tcp 40000', { isReply }), 'return', 'drop', 'drop'],
  ['a blocked address', packet('192.0.2.66 tcp 443'), 'drop', 'drop', 'drop'],
  ['a trusted network on its device', packet(`${LAN} udp 5060`, { device: 'eth1' }), 'return', 'accept', 'accept'],
  ['its address on another device', packet(`${LAN} udp 5060`), 'return', 'drop', 'drop'],
  ['what comes on loopback', packet('127.0.0.1 udp 5060', { device: 'lo' }), 'return', 'accept', 'accept'],
  ['a forged own address', packet(`${HOTEL} udp 5060`, { isOwn: true }), 'return', 'drop', 'drop'],
  ['a DHCP server', packet('192.168.1.1 udp 68', { fromPort: 67 }), 'return', 'return', 'accept'],
])('%s', (_, given, watch, guard, secure) => {
  const fate = (mode: Mode) => foretell({ ...PBX, mode, trusted: TRUSTED }, ELEMENTS, [given], NOW)[0];
  expect([fate('watch'), fate('guard'), fate('secure')]).toEqual([watch, guard, secure]);
});

it.each<[string, Packet, string, string, string]>([
  ['an address of a permitted country at the phone', packet('203.0.113.9 udp 5060'), 'return', 'accept', 'accept'],
  ['one of a network that is wholly permitted', packet('20.1.2.3 udp 5060'), 'return', 'accept', 'accept'],
  ['the same in IPv6', packet('2001:db8:5::9 tcp 5061'), 'return', 'accept', 'accept'],
  ['at a service that is for entries alone', packet('203.0.113.9 udp 4569'), 'return', 'drop', 'drop'],
  ['its media, which nobody asked for', packet('203.0.113.9 udp 12000'), 'return', 'return', 'drop'],
  ['a neighbour of a permitted network', packet('203.0.114.9 udp 5060'), 'return', 'drop', 'drop'],
  ['another address at the phone', packet(`${STRANGER} udp 5060`), 'return', 'drop', 'drop'],
  ['one that is blocked', packet('192.0.2.66 udp 5060'), 'drop', 'drop', 'drop'],
  ['an answer of one whose door was closed', packet('192.0.2.9 tcp 40000', { isReply }), 'return', 'return', 'accept'],
])('where permitted countries may use the phone: %s', (_, given, watch, guard, secure) => {
  const services = PBX.services.map((one) => (one.name === 'sip' ? { ...one, policy: 'countries' as const } : one));
  const permitted = permittedOf('20.1.0.0/16', '192.0.2.0/24', '203.0.113.0/24', '2001:db8::/32');
  const fate = (mode: Mode) => foretell({ ...PBX, mode, services, permitted }, ELEMENTS, [given], NOW)[0];
  expect([fate('watch'), fate('guard'), fate('secure')]).toEqual([watch, guard, secure]);
});

it('nothing is made of countries that nobody has judged', () => {
  const services = PBX.services.map((one) => ({ ...one, policy: 'countries' as const }));
  expect(() => foretell({ ...PBX, services }, ELEMENTS, [], NOW)).toThrow('nobody has said which networks');
});

it('a trial that runs counts, and one that has ended does not', () => {
  const fate = (until: Date) => {
    const policy: Policy = { ...PBX, mode: 'watch', trial: { mode: 'guard', until } };
    return foretell(policy, ELEMENTS, [packet(`${STRANGER} udp 5060`)], NOW);
  };
  expect(fate(new Date(NOW.getTime() + 400))).toEqual(['drop']);
  expect(fate(NOW)).toEqual(['return']);
});
