/** Splits the services' ports into groups that the same sets decide about. */
import type { Ports, Service } from '../domain/service';

/** Ports and the services that accept there: a port of two services is open to the members of either. */
export interface PortGroup {
  readonly services: readonly string[];
  readonly ports: readonly Ports[];
  /** Does one of the services let permitted countries in? */
  readonly hasCountries: boolean;
}

type Protocol = Ports['protocol'];
const PROTOCOLS: readonly Protocol[] = ['udp', 'tcp'];

/** In the order in which the services are named; every port in exactly one group. */
export function portGroups(services: readonly Service[]): readonly PortGroup[] {
  const groups = new Map<string, { services: string[]; ports: Ports[]; hasCountries: boolean }>();
  for (const protocol of PROTOCOLS) {
    for (const [first, last] of segments(services, protocol)) {
      const here = services.filter(({ ports }) => ports.some((range) => holds(range, protocol, first)));
      const names = here.map(({ name }) => name);
      const group = groups.get(names.join()) ?? {
        ...{ services: names, ports: [] },
        hasCountries: here.some(({ policy }) => policy === 'countries'),
      };
      group.ports.push({ protocol, first, last });
      groups.set(names.join(), group);
    }
  }
  const rank = ({ services: [name = ''] }: PortGroup) => services.findIndex((service) => service.name === name);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || a.services.length - b.services.length);
}

/** The port range cut wherever a service begins or ends, without the parts that belong to none. */
function segments(services: readonly Service[], protocol: Protocol): (readonly [number, number])[] {
  const ranges = services.flatMap(({ ports }) => ports.filter((range) => range.protocol === protocol));
  const cuts = [...new Set(ranges.flatMap(({ first, last }) => [first, last + 1]))].sort((a, b) => a - b);
  return cuts
    .map((first, i) => [first, (cuts[i + 1] ?? first) - 1] as const)
    .filter(([first]) => ranges.some((range) => holds(range, protocol, first)));
}

function holds(range: Ports, protocol: Protocol, port: number): boolean {
  return range.protocol === protocol && range.first <= port && port <= range.last;
}

/** One match a rule: `-p udp -m multiport --dports 4569,5060:5061`. */
export function portMatches(ports: readonly Ports[]): readonly string[] {
  return PROTOCOLS.flatMap((protocol) =>
    chunks(joined(ports.filter((range) => range.protocol === protocol))).map(
      (chunk) => `-p ${protocol} -m multiport --dports ${chunk.map(portText).join()}`,
    ),
  );
}

export function portText({ first, last }: Ports): string {
  return first === last ? `${first}` : `${first}:${last}`;
}

/** Sorted, neighbours made one. */
function joined(ports: readonly Ports[]): Ports[] {
  const result: Ports[] = [];
  for (const range of [...ports].sort((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before && range.first <= before.last + 1) {
      result[result.length - 1] = { ...before, last: Math.max(before.last, range.last) };
    } else result.push(range);
  }
  return result;
}

/** xt_multiport holds 15 ports, and a range counts as two. */
const MOST_IN_MULTIPORT = 15;

function chunks(ports: readonly Ports[]): Ports[][] {
  const result: Ports[][] = [];
  let room = 0;
  for (const range of ports) {
    const size = range.first === range.last ? 1 : 2;
    if (size > room) {
      result.push([]);
      room = MOST_IN_MULTIPORT;
    }
    result.at(-1)?.push(range);
    room -= size;
  }
  return result;
}
