/** Single addresses that stand for all of a network. */
import { addressOf, isWithin, rangeOf, type AddressRange } from './address-range';
import { familyOf, isSingle, prefixOf, type Network } from './network';

/** `kind` has one bit for each of the groups that it lies in. */
interface Part extends AddressRange {
  readonly kind: bigint;
}

/**
 * One address of each kind that there is in `network`: those of one kind lie in the same of `groups`. So whoever judges
 * addresses by these groups alone judges them all by so few. A single address stands for itself.
 */
export function samplesOf(network: Network, groups: Iterable<Iterable<Network>>): readonly Network[] {
  if (isSingle(network)) return [network];
  const whole = rangeOf(network);
  const samples = new Map<bigint, bigint>();
  /** Each in the one before it: networks that overlap do so as a whole. */
  const around: Part[] = [{ ...whole, kind: 0n }];
  let at = whole.first;
  for (const part of [...partsOf(network, groups), { ...whole, first: whole.last + 1n, kind: 0n }]) {
    for (let inner = around.at(-1); inner && (inner.last < part.first || at < part.first); inner = around.at(-1)) {
      if (at <= inner.last && !samples.has(inner.kind)) samples.set(inner.kind, at);
      at = inner.last < part.first ? inner.last + 1n : part.first;
      if (inner.last < part.first) around.pop();
    }
    around.push({ ...part, kind: part.kind | (around.at(-1)?.kind ?? 0n) });
  }
  return [...samples.values()].map((address) => addressOf(whole.family, address));
}

/** In the order of their beginnings, the wider of two first. */
function partsOf(network: Network, groups: Iterable<Iterable<Network>>): Part[] {
  const whole = rangeOf(network);
  const beginning = beginningOf(network);
  const parts = new Map<Network, Part>();
  let bit = 1n;
  for (const group of groups) {
    for (const other of group) {
      if (!other.startsWith(beginning)) continue;
      const part = parts.get(other) ?? { ...rangeOf(other), kind: 0n };
      if (isWithin(part, whole)) parts.set(other, { ...part, kind: part.kind | bit });
    }
    bit <<= 1n;
  }
  return [...parts.values()].sort((a, b) => Number(a.first - b.first) || Number(b.last - a.last));
}

/** Of every text of an address in it: to compare texts is quick, and others may be hundreds of thousands. */
function beginningOf(network: Network): string {
  if (familyOf(network) === 6) return '';
  const bytes = network.split('.').slice(0, Math.floor(prefixOf(network) / 8));
  return bytes.map((byte) => `${byte}.`).join('');
}
