/** Who is heard and who would be lost, asked of the very rules. */
import { readConfig, servicesOf } from '../../../src/config';
import { addressOf } from '../../../src/domain/address-range';
import type { Packet, Policy } from '../../../src/domain/firewall';
import type { Network } from '../../../src/domain/network';
import type { HeardPeer } from '../../../src/domain/phones';
import { foretell } from '../../../src/firewall/foretell';
import { whoIsHeard, whoWouldBeLost } from '../../../src/gate/modes/losses';
import { net } from '../../support/net';

const TRUNK = { name: 'carrier', channel: 'PJSIP', kind: 'trunk', address: net('10.0.0.0/8') } as const;
const SCENE = { addresses: [], routes: [], connections: [], unseen: [] };
const policyIn = (mode: Policy['mode']): Policy => ({
  ...{ mode, trial: undefined, services: servicesOf(readConfig('', {}, 'x')), trusted: [], answerPings: false },
  rtp: { protocol: 'udp', first: 10_000, last: 20_000 },
});
const members = (...more: Network[]) => {
  const single = Array.from({ length: 3000 }, (_, i) => addressOf(4, 0x0a000001n + BigInt(i * 5000)));
  return new Map(
    ['sip', 'iax'].map((set) => [set, new Map([...single, ...more].map((each) => [each, 'forever'] as const))]),
  );
};

describe("a trunk's network of which thousands of members let parts in", () => {
  let [asked, times]: [number, number] = [0, 0];
  const firewall = {
    foretell(policy: Policy, elements: ReturnType<typeof members>, packets: readonly Packet[]) {
      asked += packets.length;
      times++;
      return foretell(policy, elements, packets, new Date());
    },
  };
  const parts = { firewall } as unknown as Parameters<typeof whoIsHeard>[0];
  const heardOf = (peers: readonly HeardPeer[], ...more: Network[]) =>
    whoIsHeard(parts, { policy: policyIn('guard'), elements: members(...more) }, { peers, scene: SCENE });
  const heard = (...more: Network[]) => heardOf([TRUNK], ...more).has(TRUNK);
  beforeEach(() => ([asked, times] = [0, 0]));

  it('is heard only where they let in all of it, and few packets of it are asked about', () => {
    expect(heard()).toBe(false);
    expect(heard(net('10.0.0.0/9'))).toBe(false);
    expect(heard(net('10.0.0.0/9'), net('10.128.0.0/9'))).toBe(true);
    expect(asked).toBeLessThan(100);
  });

  it('is judged together with everybody else: the rules are asked once, however many there are', () => {
    const phoneAt = (address: Network): HeardPeer => ({ ...TRUNK, kind: 'phone', address });
    const phones = Array.from({ length: 50 }, (_, i) => phoneAt(net(`10.200.0.${i}`)));
    const many = heardOf([TRUNK, ...phones], net('10.200.0.0/28'));
    expect([...many]).toEqual(phones.slice(0, 16));
    expect(times).toBe(1);
  });

  it('is lost where one part of it would be', () => {
    const lost = (...more: Network[]) => {
      const elements = members(...more);
      const [before, after] = [policyIn('watch'), policyIn('guard')].map((policy) => ({ policy, elements }));
      if (!before || !after) throw new Error('two were made');
      return whoWouldBeLost(parts, { before, after }, { peers: [TRUNK], nowhere: [], scene: SCENE });
    };
    expect(lost(net('10.0.0.0/9'))).toEqual(['trunk carrier 10.0.0.0/8']);
    expect(lost(net('10.0.0.0/8'))).toEqual([]);
    expect(asked).toBeLessThan(200);
  });
});
