/** Whatever this machine's tools say: addresses, routes, sockets and rules that are some, or a refusal. */
import fc from 'fast-check';
import { parseNetwork } from '../../src/domain/network';
import type { Redirect } from '../../src/domain/surroundings';
import { AppError } from '../../src/errors';
import { readAddresses, readResolvers, readRoutes } from '../../src/surroundings/links';
import { managersIn, readNft, readSaved } from '../../src/surroundings/rules';
import { readFlows, readSockets } from '../../src/surroundings/sockets';
import { around } from '../support/any-text';
import { net } from '../support/net';

const RUNS = { numRuns: 500 };
const OWN = new Set(['192.168.1.5', '2001:db8::5'].map(net));
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Nothing when it was refused. */
function orRefused<T>(work: () => readonly T[]): readonly T[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}
const isNetwork = (text: string) => expect(parseNetwork(text)).toBe(text);

describe('what the tools of this machine say', () => {
  const ADDRESSES = [
    '[{"ifname":"eth0","addr_info":[{"local":"192.168.1.5","prefixlen":24,"dynamic":true}]}]',
    '[{},{"addr_info":null},null]',
    '{}',
    'null',
    '5',
  ];
  it('is of addresses only what they are', () => {
    fc.assert(
      fc.property(around(...ADDRESSES), (text) => {
        for (const { address, network } of orRefused(() => readAddresses(text))) [address, network].forEach(isNetwork);
      }),
      RUNS,
    );
  });

  const ROUTES = [
    '[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","flags":[]}]',
    '[{"type":"blackhole","dst":"10.9.0.0/16"},{"dst":5,"via":{"host":7},"dev":"x"}]',
    '[null]',
    '{"dst":"x"}',
  ];
  it('is of routes only what leads to a network', () => {
    fc.assert(
      fc.property(around(...ROUTES), (text) => {
        for (const { to, gateway } of orRefused(() => readRoutes(text, '0.0.0.0/0'))) {
          isNetwork(to);
          if (gateway !== undefined) isNetwork(gateway);
        }
      }),
      RUNS,
    );
  });

  it('is of resolvers only their addresses', () => {
    fc.assert(
      fc.property(around('nameserver 192.0.2.53\nnameserver fe80::1%eth0\n'), (text) => {
        readResolvers(text).forEach(isNetwork);
      }),
      RUNS,
    );
  });

  const SOCKETS = [
    'udp UNCONN 0 0 192.168.1.5%eth0:68 0.0.0.0:* users:(("x",pid=1,fd=3))\n',
    'tcp LISTEN 0 128 *:22 *:*\ntcp ESTAB 0 0 [::ffff:192.168.1.5]:22 [2001:db8::7]:50000 users:(("sshd",pid=14,fd=7))\n',
  ];
  it('is of sockets only ends with a port, whose programs write no control characters', () => {
    fc.assert(
      fc.property(around(...SOCKETS), (text) => {
        const { listeners, connections } = readSockets(text);
        expect(listeners.length + connections.length).toBeLessThanOrEqual(text.split('\n').length);
        for (const { port, program } of listeners) {
          expect(port).toBeGreaterThanOrEqual(0);
          expect(program ?? '').not.toMatch(CONTROL);
        }
        for (const { far, farPort, own, ownPort } of connections) {
          [far, own].forEach(isNetwork);
          for (const port of [farPort, ownPort]) expect(port).toBeGreaterThanOrEqual(0);
        }
      }),
      RUNS,
    );
  });

  const FLOWS = [
    'udp 17 28 src=192.168.1.5 dst=192.0.2.9 sport=5060 dport=5060 src=192.0.2.9 dst=192.168.1.5 sport=5060 dport=5060 [ASSURED] mark=0 use=1\n',
  ];
  it('is of flows only what has an end here', () => {
    fc.assert(
      fc.property(around(...FLOWS), (text) => {
        for (const { far, farPort, own, ownPort } of readFlows(text, OWN)) {
          expect([OWN.has(own), OWN.has(far)]).toEqual([true, false]);
          for (const port of [farPort, ownPort]) expect(port).toBeGreaterThanOrEqual(0);
        }
      }),
      RUNS,
    );
  });

  const SAVED = [
    ':DOCKER - [0:0]\n-A PREROUTING -p udp -m udp --dport 5060:5070 -j DNAT --to-destination 10.0.0.2:5060\n',
    '-A PREROUTING -d 192.168.1.5/32 -p tcp -m multiport --dports 80,443:445 -j DNAT --to-destination [2001:db8::9]:80\n',
  ];
  const NFT = [
    '{"nftables":[{"table":{"name":"firewalld"}},{"rule":{"expr":[{"match":{"left":{"payload":{"protocol":"udp","field":"dport"}},"right":{"set":[5060,{"range":[10,20]}]}}},{"dnat":{"addr":"10.0.0.2","port":5060}}]}}]}',
    '{"nftables":null}',
    '{"nftables":[null,{"rule":{"expr":[null]}}]}',
    'null',
  ];
  it('is of redirects only ports, no more than were listed', () => {
    const all = (redirects: readonly Redirect[], text: string) => {
      expect(redirects.length).toBeLessThanOrEqual(text.length);
      for (const { ports, to } of redirects) {
        for (const port of ports ? [ports.first, ports.last] : []) expect(port).not.toBeNaN();
        expect(to).not.toMatch(CONTROL);
      }
    };
    fc.assert(
      fc.property(around(...SAVED), around(...NFT), (saved, nft) => {
        const read = readSaved(saved, OWN);
        all(read.redirects, saved);
        all(
          orRefused(() => readNft(nft, OWN).redirects),
          nft,
        );
        expect(managersIn(read.names).length).toBeLessThanOrEqual(10);
      }),
      RUNS,
    );
  });
});
