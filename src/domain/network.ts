/** Addresses and networks, in the one text form that the store, the kernel and people see. */
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * An IPv4 or IPv6 network in canonical text, as ipset prints it: `192.0.2.0/24`, `2001:db8::/64`, and a single
 * address without its length: `192.0.2.1`. Only `parseNetwork` and its like make one.
 */
export type Network = string & { readonly canonical: 'network' };
export type Family = 4 | 6;

/** Prefix lengths. At most so many: wide, and together such networks may be a good part of the Internet. */
export const WIDE: Readonly<Record<Family, number>> = { 4: 16, 6: 32 };

/** Reads an address or a CIDR network; undefined when it is neither. Host bits are cleared. */
export function parseNetwork(text: string): Network | undefined {
  // As it is written there is only one way to write it, and a kernel may hold hundreds of thousands of these.
  if (isIPv4(text)) return text as Network;
  const [address = '', length, ...rest] = text.trim().split('/');
  if (rest.length > 0 || !(isIPv4(address) || isIPv6(address)) || address.includes('%')) return undefined;
  const parsed = ipaddr.process(isIPv6(address) ? withoutDots(address) : address);
  const most = parsed.kind() === 'ipv4' ? 32 : 128;
  if (length === undefined) return canonical(parsed, most);
  if (!/^\d{1,3}$/.test(length)) return undefined;
  const mapped = parsed.kind() === 'ipv4' && isIPv6(address) ? 96 : 0;
  const prefix = Number(length) - mapped;
  return prefix >= 0 && prefix <= most ? canonical(parsed, prefix) : undefined;
}

/** Reads a single address; undefined for a network or anything else. */
export function parseAddress(text: string): Network | undefined {
  return text.includes('/') ? undefined : parseNetwork(text);
}

export function familyOf(network: Network): Family {
  return network.includes(':') ? 6 : 4;
}

/** Prefix length: 32 or 128 for a single address. */
export function prefixOf(network: Network): number {
  const length = network.split('/')[1];
  return length === undefined ? widest(network) : Number(length);
}

export function isSingle(network: Network): boolean {
  return !network.includes('/');
}

/** Does every address of `inner` lie in `outer`? */
export function covers(outer: Network, inner: Network): boolean {
  if (isSingle(outer)) return outer === inner;
  if (familyOf(outer) !== familyOf(inner) || prefixOf(outer) > prefixOf(inner)) return false;
  return bits(inner).match(bits(outer), prefixOf(outer));
}

/** Have they an address in common? */
export function touches(a: Network, b: Network): boolean {
  return covers(a, b) || covers(b, a);
}

/** The network of `prefix` bits around an address: `aroundAddress('2001:db8::1', 64)` is `2001:db8::/64`. */
export function around(network: Network, prefix: number): Network {
  return prefixOf(network) <= prefix ? network : canonical(bits(network), prefix);
}

/** Every network that covers this one, itself included, widest last; what a look-up of a single row per prefix asks. */
export function covering(network: Network): Network[] {
  const bytes = bits(network).toByteArray();
  const all = [network];
  for (let prefix = prefixOf(network) - 1; prefix >= 0; prefix--) {
    const at = prefix >> 3;
    bytes[at] = (bytes[at] ?? 0) & (0xff00 >> (prefix & 7));
    all.push(textOf(bytes, prefix));
  }
  return all;
}

/** `::1.2.3.4` as `::102:304`: ipaddr.js reads the dotted form of an IPv6 address as if it were IPv4-mapped. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function widest(network: Network): number {
  return familyOf(network) === 4 ? 32 : 128;
}

function bits(network: Network): ipaddr.IPv4 | ipaddr.IPv6 {
  return ipaddr.parse(network.split('/')[0] ?? network);
}

function canonical(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): Network {
  const bytes = address.toByteArray();
  const kept = bytes.map((byte, i) => byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - i * 8)))) & 0xff);
  return textOf(kept, prefix);
}

/** Bits behind the prefix are zero. */
function textOf(bytes: readonly number[], prefix: number): Network {
  const text = bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
  return (prefix === bytes.length * 8 ? text : `${text}/${prefix}`) as Network;
}
