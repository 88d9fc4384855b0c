import { portGroups, portMatches } from '../../src/firewall/port-groups';
import type { Ports, Service } from '../../src/domain/service';

const udp = (first: number, last = first): Ports => ({ protocol: 'udp', first, last });
const tcp = (first: number, last = first): Ports => ({ protocol: 'tcp', first, last });
const service = (name: string, ...ports: Ports[]): Service => ({
  name,
  ports,
  guarded: true,
  signalling: false,
  policy: 'whitelist',
});
const groupsOf = (...services: Service[]) =>
  portGroups(services).map(({ services: names, ports }) => [names.join('+'), ...portMatches(ports)]);

describe('ports that the same sets decide about', () => {
  it.each<[string, Service[], string[][]]>([
    ['none', [], []],
    ['a service without ports', [service('sip')], []],
    [
      'two that share nothing',
      [service('sip', udp(5060)), service('iax', udp(4569))],
      [
        ['sip', '-p udp -m multiport --dports 5060'],
        ['iax', '-p udp -m multiport --dports 4569'],
      ],
    ],
    [
      'one port of two services',
      [service('sip', tcp(5060), tcp(8089)), service('web', tcp(443), tcp(8089))],
      [
        ['sip', '-p tcp -m multiport --dports 5060'],
        ['sip+web', '-p tcp -m multiport --dports 8089'],
        ['web', '-p tcp -m multiport --dports 443'],
      ],
    ],
    [
      'a port inside the range of another',
      [service('sip', udp(5000, 5082)), service('own', udp(5070))],
      [
        ['sip', '-p udp -m multiport --dports 5000:5069,5071:5082'],
        ['sip+own', '-p udp -m multiport --dports 5070'],
      ],
    ],
    [
      'the same number in another protocol',
      [service('sip', udp(5060)), service('own', tcp(5060))],
      [
        ['sip', '-p udp -m multiport --dports 5060'],
        ['own', '-p tcp -m multiport --dports 5060'],
      ],
    ],
    ['every port', [service('own', tcp(0, 65_535))], [['own', '-p tcp -m multiport --dports 0:65535']]],
  ])('%s', (_what, services, expected) => {
    expect(groupsOf(...services)).toEqual(expected);
  });

  it('holds at most 15 ports in a rule, of which a range counts two', () => {
    const singles = Array.from({ length: 16 }, (_, i) => udp(1000 + 2 * i));
    expect(portMatches(singles).map((match) => match.split(',').length)).toEqual([15, 1]);
    const ranges = Array.from({ length: 8 }, (_, i) => udp(1000 + 10 * i, 1005 + 10 * i));
    expect(portMatches(ranges).map((match) => match.split(',').length)).toEqual([7, 1]);
    expect(portMatches([...ranges.slice(0, 7), udp(9000)]).map((match) => match.split(',').length)).toEqual([8]);
  });

  it('makes one of ports that touch or overlap', () => {
    expect(portMatches([udp(5062), udp(5060, 5061), udp(5050, 5060)])).toEqual([
      '-p udp -m multiport --dports 5050:5062',
    ]);
  });
});
