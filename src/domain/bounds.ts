/**
 * Bounds of a large set of networks, from outside and from inside: who is not within the outer one is not in the set, who
 * is within the inner one is, and only for the others the set itself must be looked into. An exchange of all three in any
 * order decides no address wrongly: what the old and the new set both hold is within either outer bound, and what neither
 * of them holds is within no inner bound.
 */
import type { AddressRange } from './address-range';
import { blockText } from './block-text';
import type { Family, Network } from './network';

export interface Bounds {
  /** Of two lengths, for a look at each of them takes time. */
  readonly outer: readonly Network[];
  /** Of one length. Only in IPv4: of IPv6 hardly anybody has as much. */
  readonly inner: readonly Network[];
}

/** A bound has no more: so many networks of the wide length there are. */
export const MOST_BOUNDS = 65_536;

/** Bits that may be anything, in a wide network and in a narrow one. */
const WIDE: Readonly<Record<Family, number>> = { 4: 16, 6: 112 };
const NARROW: Readonly<Record<Family, number>> = { 4: 12, 6: 100 };
/** A piece of it takes a few milliseconds. */
const A_PIECE = 4_096;

/** A wide network of which the ranges have something. Networks are counted from the first of their length. */
interface Held {
  readonly wide: number;
  isWhole: boolean;
  /** Narrow networks with something of it; they end where they are too many to be told. */
  readonly parts: number[];
}

/** Of these ranges (in order, merged), in pieces, between which others may have their turn; in the order of their texts. */
export function* findingBounds(ranges: readonly AddressRange[], family: Family): Generator<undefined, Bounds> {
  const all: Held[] = [];
  for (const [i, range] of ranges.entries()) {
    if (range.family === family) hold(range, all);
    if (i % A_PIECE === 0) yield;
  }
  const [outer, inner]: [Network[], Network[]] = [[], []];
  const isTold = all.reduce((sum, one) => sum + (isSparse(one, family) ? one.parts.length : 1), 0) <= MOST_BOUNDS;
  for (const [i, one] of all.entries()) {
    const network = text(family, one.wide, WIDE);
    if (isTold && isSparse(one, family)) outer.push(...one.parts.map((part) => text(family, part, NARROW)));
    else outer.push(network);
    if (one.isWhole && family === 4) inner.push(network);
    if (i % A_PIECE === 0) yield;
  }
  return { outer: outer.sort(), inner: inner.sort() };
}

/** The same at once. */
export function boundsOf(ranges: readonly AddressRange[], family: Family): Bounds {
  const steps = findingBounds(ranges, family);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function hold({ family, first, last }: AddressRange, all: Held[]): void {
  const numberOf = (address: bigint, hosts: typeof WIDE) => Number(address >> BigInt(hosts[family]));
  const [from, to] = [numberOf(first, NARROW), numberOf(last, NARROW)];
  const wholeFrom = numberOf(first + (1n << BigInt(WIDE[family])) - 1n, WIDE);
  const wholeEnd = numberOf(last + 1n, WIDE);
  const times = partsOf(family);
  for (let wide = numberOf(first, WIDE); wide <= numberOf(last, WIDE); wide++) {
    let here = all.at(-1);
    if (here?.wide !== wide) all.push((here = { wide, isWhole: false, parts: [] }));
    if (wholeFrom <= wide && wide < wholeEnd) here.isWhole = true;
    else addParts(here, Math.max(from, wide * times), Math.min(to, (wide + 1) * times - 1), family);
  }
}

function addParts(here: Held, from: number, to: number, family: Family): void {
  for (let part = from; part <= to && isSparse(here, family); part++) {
    if (here.parts.at(-1) !== part) here.parts.push(part);
  }
}

/** Has it something in at most half of its narrow networks? Then these are told instead of it. */
function isSparse({ isWhole, parts }: Held, family: Family): boolean {
  return !isWhole && parts.length <= partsOf(family) / 2;
}

/** Narrow networks in a wide one. */
function partsOf(family: Family): number {
  return 2 ** (WIDE[family] - NARROW[family]);
}

function text(family: Family, number: number, hosts: typeof WIDE): Network {
  return blockText(family, BigInt(number) << BigInt(hosts[family]), hosts[family]);
}
