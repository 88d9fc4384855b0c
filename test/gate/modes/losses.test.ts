/** Who is heard and who would be lost, asked of the very rules. */
import { readConfig, servicesOf } from '../../../src/config';
import { addressOf } from '../../../src/domain/address-range';
import type { Packet, Policy } from '../../../src/domain/firewall';
import type { Network } from '../../../src/domain/network';
import { foretell } from '../../../src/firewall/foretell';
import { isHeard, whoWouldBeLost } from '../../../src/gate/modes/losses';
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
  let asked: number;
  const firewall = {
    foretell(policy: Policy, elements: ReturnType<typeof members>, packets: readonly Packet[]) {
      asked += packets.length;
      return foretell(policy, elements, packets, new Date());
    },
  };
  const parts = { firewall } as unknown as Parameters<typeof isHeard>[0];
  const heard = (...more: Network[]) =>
    isHeard(parts, { policy: policyIn('guard'), elements: members(...more) }, { peer: TRUNK, scene: SCENE });
  beforeEach(() => (asked = 0));

  it('is heard only where they let in all of it, and few packets of it are asked about', () => {
    expect(heard()).toBe(false);
    expect(heard(net('10.0.0.0/9'))).toBe(false);
    expect(heard(net('10.0.0.0/9'), net('10.128.0.0/9'))).toBe(true);
    expect(asked).toBeLessThan(100);
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
