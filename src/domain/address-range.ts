/** Ranges: a first and a last address, in any position; networks are a special case of them. */
import { around, familyOf, parseAddress, parseNetwork, prefixOf, type Family, type Network } from './network';

export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  /** Not less than `first`. */
  readonly last: bigint;
}

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** An address as a number: 192.0.2.1 is 3221225985. Of a network: its first address. */
export function integerOf(network: Network): bigint {
  const text = network.split('/')[0] ?? network;
  if (familyOf(network) === 4) return text.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const [before = '', after] = text.split('::');
  const [front, back] = [groupsOf(before), groupsOf(after ?? '')];
  const gap = after === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<bigint>(gap).fill(0n), ...back].reduce((sum, group) => (sum << 16n) + group, 0n);
}

/** The other way round. Throws RangeError when it has too many bits for its family. */
export function addressOf(family: Family, integer: bigint): Network {
  if (integer < 0n || integer >> BigInt(BITS[family])) throw new RangeError(`no IPv${family} address: ${integer}`);
  const text =
    family === 4
      ? [24n, 16n, 8n, 0n].map((shift) => String((integer >> shift) & 255n)).join('.')
      : Array.from({ length: 8 }, (_, i) => ((integer >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
  // an IPv4-mapped IPv6 address has the IPv4 one as its canonical text: it is no address of its own
  return parseAddress(text) ?? (text as Network);
}

export function rangeOf(network: Network): AddressRange {
  const family = familyOf(network);
  const first = integerOf(network);
  return { family, first, last: first + (1n << BigInt(BITS[family] - prefixOf(network))) - 1n };
}

/** Reads a first address and a last one, or a network or a single address alone; undefined when it is none of these. */
export function parseRange(first: string, last?: string): AddressRange | undefined {
  if (last === undefined) {
    const network = parseNetwork(first);
    return network && rangeOf(network);
  }
  const [from, to] = [parseAddress(first), parseAddress(last)];
  if (!from || !to || familyOf(from) !== familyOf(to)) return undefined;
  const range = { family: familyOf(from), first: integerOf(from), last: integerOf(to) };
  return range.first <= range.last ? range : undefined;
}

/** The fewest networks that hold all of it and nothing else, in order: at most 62 of IPv4, 254 of IPv6. */
export function networksOf({ family, first, last }: AddressRange): Network[] {
  const networks: Network[] = [];
  for (let from = first; from <= last;) {
    let hosts = 0; // bits that may be anything: as many as the start is even to and the end leaves room for
    while (hosts < BITS[family] && !((from >> BigInt(hosts)) & 1n) && from + (2n << BigInt(hosts)) - 1n <= last)
      hosts++;
    networks.push(around(addressOf(family, from), BITS[family] - hosts));
    from += 1n << BigInt(hosts);
  }
  return networks;
}

/** `192.0.2.0-192.0.2.9`; a single address alone. */
export function rangeText({ family, first, last }: AddressRange): string {
  const from = addressOf(family, first);
  return first === last ? from : `${from}-${addressOf(family, last)}`;
}

export function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  return inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** How many addresses they hold together; what two of them hold counts once. */
export function sizeOf(ranges: readonly AddressRange[]): bigint {
  const inOrder = [...ranges].sort((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
  let [size, counted] = [0n, -1n];
  for (const { first, last } of inOrder) {
    const from = first > counted ? first : counted + 1n;
    if (last < from) continue;
    size += last - from + 1n;
    counted = last;
  }
  return size;
}

/** What nobody reaches from the Internet: permitted from the start, and may be denied. */
export const PRIVATE: readonly AddressRange[] = [
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::1', 'fc00::/7', 'fe80::/10'],
].map((text) => rangeOf(text as Network));

function groupsOf(text: string): bigint[] {
  return text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`));
}
