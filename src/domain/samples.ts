/** Single addresses that stand for all of a network. */
import { addressOf, rangeOf } from './address-range';
import { covers, familyOf, isSingle, prefixOf, type Network } from './network';

/**
 * Of each part of `network` that all of `others` either hold or leave out as a whole, its first address: whoever judges
 * addresses by those networks alone judges them all by these. A single address stands for itself.
 */
export function samplesOf(network: Network, others: Iterable<Network>): readonly Network[] {
  if (isSingle(network)) return [network];
  const { family, first, last } = rangeOf(network);
  const beginning = beginningOf(network);
  const starts = new Set([first]);
  for (const other of others) {
    if (!other.startsWith(beginning) || !covers(network, other)) continue;
    const part = rangeOf(other);
    starts.add(part.first);
    if (part.last < last) starts.add(part.last + 1n);
  }
  return [...starts].map((start) => addressOf(family, start));
}

/** Of every text of an address in it: to compare texts is quick, and others may be hundreds of thousands. */
function beginningOf(network: Network): string {
  if (familyOf(network) === 6) return '';
  const bytes = network.split('.').slice(0, Math.floor(prefixOf(network) / 8));
  return bytes.map((byte) => `${byte}.`).join('');
}
