/** Ranges as kernel sets like them: networks of few prefix lengths, because hash:net probes each length that is present. */
import type { AddressRange } from './address-range';
import { blockText } from './block-text';
import type { Family, Network } from './network';

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };
/** Splitting wide networks may make so many times as many members as the fewest networks would be. */
const MOST_TIMES = 2;
/** And so many in any case: they cost less than a megabyte. */
const CHEAP = 8_192;

/** A network as a number and the bits behind it that may be anything. */
interface Block {
  readonly first: bigint;
  readonly hosts: number;
}

/**
 * Networks that hold exactly the addresses of this family's ranges (in order, disjoint), in the order of their texts:
 * of all ways with at most `MOST_TIMES` members one with the fewest prefix lengths, and of those with the fewest
 * members. Undefined: they are more than `most` in any way.
 */
export function foldedNetworks(
  ranges: readonly AddressRange[],
  family: Family,
  most: number,
): readonly Network[] | undefined {
  const steps = foldingNetworks(ranges, family, most);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A piece of it takes a few milliseconds. */
const A_PIECE = 4_096;

/** The same in pieces, between which others may have their turn. Only putting the texts in order is one of tens of milliseconds. */
export function* foldingNetworks(
  ranges: readonly AddressRange[],
  family: Family,
  most: number,
): Generator<undefined, readonly Network[] | undefined> {
  const blocks: Block[] = [];
  for (const [i, range] of ranges.entries()) {
    if (range.family === family) addBlocks(range, blocks);
    if (i % A_PIECE === 0) yield;
  }
  if (blocks.length > most) return undefined;
  const counts = new Map<number, number>();
  for (const { hosts } of blocks) counts.set(hosts, (counts.get(hosts) ?? 0) + 1);
  const kept = fewestLengths(counts, Math.min(most, Math.max(MOST_TIMES * blocks.length, CHEAP)));
  const into = new Map([...counts.keys()].map((hosts) => [hosts, kept.find((one) => one <= hosts) ?? hosts]));
  // One list and nothing in between: most of the time would go into collecting hundreds of thousands of short ones.
  const networks: Network[] = [];
  for (const [i, { first, hosts }] of blocks.entries()) {
    if (i % A_PIECE === 0) yield;
    const smaller = into.get(hosts) ?? hosts;
    const step = 1n << BigInt(smaller);
    for (let left = 2 ** (hosts - smaller), from = first; left > 0; left--, from += step) {
      networks.push(blockText(family, from, smaller));
    }
  }
  return networks.sort();
}

/** Adds the fewest networks that make up a range; hash:net knows none without a length, so everything is two halves. */
function addBlocks({ family, first, last }: AddressRange, blocks: Block[]): void {
  for (let from = first; from <= last;) {
    const aligned = from === 0n ? BITS[family] : trailingZeros(from);
    const hosts = Math.min(aligned, logarithm(last - from + 1n), BITS[family] - 1);
    blocks.push({ first: from, hosts });
    from += 1n << BigInt(hosts);
  }
}

interface Choice {
  readonly members: number;
  /** Host bits, most first. */
  readonly kept: readonly number[];
}

/**
 * Which lengths to keep, as host bits, most first: a network that has another one is split into the next smaller that is
 * kept. Exact: `choices` holds for each length the cheapest choice that ends with it and has so many lengths.
 */
function fewestLengths(counts: ReadonlyMap<number, number>, budget: number): readonly number[] {
  const lengths = [...counts.keys()].sort((a, b) => b - a);
  /** Members when networks from the length at `from` to that at `to` become ones of that at `to`. */
  const splits = lengths.map((smaller, to) => {
    const sums = new Array<number>(to + 2).fill(0);
    for (let from = to; from >= 0; from--) {
      const hosts = lengths[from] ?? smaller;
      sums[from] = (sums[from + 1] ?? 0) + (counts.get(hosts) ?? 0) * 2 ** (hosts - smaller);
    }
    return sums;
  });
  const split = (from: number, to: number) => splits[to]?.[from] ?? Infinity;
  let choices: Choice[] = lengths.map((hosts, to) => ({ members: split(0, to), kept: [hosts] }));
  for (let many = 1; many < lengths.length; many++) {
    const last = choices.at(-1);
    if (!last || last.members <= budget) break;
    const before = choices;
    choices = lengths.map((hosts, to) => {
      const ways = before.slice(0, to).map(({ members, kept }, from): Choice => ({
        members: members + split(from + 1, to),
        kept: [...kept, hosts],
      }));
      return ways.reduce((best, way) => (way.members < best.members ? way : best), before[to] ?? last);
    });
  }
  return choices.at(-1)?.kept ?? [];
}

function trailingZeros(number: bigint): number {
  const low = Number(BigInt.asUintN(32, number));
  return low === 0 ? 32 + trailingZeros(number >> 32n) : 31 - Math.clz32(low & -low);
}

/** Of base 2, rounded down. */
function logarithm(number: bigint): number {
  const high = number >> 32n;
  return high === 0n ? 31 - Math.clz32(Number(number)) : 32 + logarithm(high);
}
