/** Reads from a rule, as `iptables -S` prints it, whether it lets the whole world into one of some ports. */
import type { Ports } from '../domain/service';

/** A rule that accepts from a source, on loopback, or of connections that stand opens nothing to the world. */
const NARROWED = / -s | -i lo | --match-set | --ctstate | --state | --mac-source | -m recent | ! /;

/** One rule of a chain on the way in that accepts. */
export function opensOneOf(rule: string, ports: readonly Ports[]): boolean {
  if (!/ -j ACCEPT$/.test(rule) || NARROWED.test(rule) || /^-A (FORWARD|OUTPUT|POSTROUTING) /.test(rule)) return false;
  const protocol = / -p (\S+)/.exec(rule)?.[1];
  const named = / --dports? (\S+)/.exec(rule)?.[1];
  if (named === undefined && / --(sports?|icmp|dst)/.test(rule)) return false;
  return ports.some(
    (range) => (protocol === undefined || protocol === range.protocol) && overlaps(named ?? '0:65535', range),
  );
}

function overlaps(text: string, { first, last }: Ports): boolean {
  return text.split(',').some((part) => {
    const [from = 0, to = from] = part.split(':').map(Number);
    return from <= last && first <= to;
  });
}
