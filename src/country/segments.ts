/** The compiled index: the whole address space cut into segments, each with a mark. */
import type { Index } from '../domain/country';
import type { Family } from '../domain/network';

/** Words of an address: one for IPv4, four for IPv6. */
export const STRIDE: Readonly<Record<Family, 1 | 4>> = { 4: 1, 6: 4 };
/** Below this many a search without help is as fast. */
const FEW = 64;
/** A slot for each value of the upper bits of an address. */
const SLOT_BITS = 16;

/**
 * Segment `i` begins at `starts[i]` (its words one after another) and goes up to the next one's start, the last one up to
 * the end of the space; `marks[i]` is what it is marked with, 0: with nothing. The first begins at zero.
 */
export class Segments implements Index {
  readonly family: Family;
  readonly starts: Uint32Array;
  readonly marks: Uint16Array;
  /** Of IPv6: what `topOf` makes of each start, side by side for the search. */
  readonly tops: Float64Array | undefined;
  /** For the upper bits of an address: the segment that the first address with them lies in. */
  readonly slots: Uint32Array | undefined;

  constructor({ family, starts, marks, tops, slots }: Index) {
    this.family = family;
    this.starts = starts;
    this.marks = marks;
    this.tops = tops;
    this.slots = slots;
  }

  static of(family: Family, starts: Uint32Array, marks: Uint16Array): Segments {
    const tops = family === 6 ? topsOf(starts, marks.length) : undefined;
    const slots = marks.length > FEW ? slotsOf(starts, STRIDE[family], marks.length) : undefined;
    return new Segments({ family, starts, marks, tops, slots });
  }

  get length(): number {
    return this.marks.length;
  }

  /** The mark at this address. */
  markAt(words: Uint32Array): number {
    return this.marks[this.length === 1 ? 0 : this.segmentAt(words)] ?? 0;
  }

  segmentAt(words: Uint32Array): number {
    const slot = (words[0] ?? 0) >>> (32 - SLOT_BITS);
    const low = this.slots?.[slot] ?? 0;
    const high = this.slots?.[slot + 1] ?? this.marks.length - 1;
    return this.tops ? last6(this.tops, this.starts, words, low, high) : last4(this.starts, words[0] ?? 0, low, high);
  }
}

function topsOf(starts: Uint32Array, length: number): Float64Array {
  const tops = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
  for (let i = 0; i < length; i++) tops[i] = topOf(starts, 4 * i);
  return tops;
}

/** The upper 53 bits of an IPv6 address: as many as a number holds exactly. */
function topOf(words: Uint32Array, at: number): number {
  return (words[at] ?? 0) * 0x20_0000 + ((words[at + 1] ?? 0) >>> 11);
}

/**
 * The last segment from `low` to `high` that begins at or before this address; `low` does. It counts with the answer where
 * it could branch on it: which way it goes cannot be foretold, and a wrong guess costs the processor more than the rest.
 */
function last4(starts: Uint32Array, address: number, low: number, high: number): number {
  let last = low;
  for (let left = high - low + 1; left > 1;) {
    const half = left >>> 1;
    last += half * Number((starts[last + half] ?? 0) <= address);
    left -= half;
  }
  return last;
}

/** By the upper bits; only where these are the same the others are looked at. */
function last6(tops: Float64Array, starts: Uint32Array, words: Uint32Array, low: number, high: number): number {
  const top = topOf(words, 0);
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const its = tops[middle] ?? 0;
    if (its < top || (its === top && compareWords(starts, 4 * middle, words, 0) <= 0)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Below zero: the four words of `a` come before those of `b`. */
export function compareWords(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = (a[i + word] ?? 0) - (b[j + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function slotsOf(starts: Uint32Array, stride: number, length: number): Uint32Array {
  const count = 2 ** SLOT_BITS;
  const slots = new Uint32Array(new SharedArrayBuffer((count + 1) * Uint32Array.BYTES_PER_ELEMENT));
  let segment = 0;
  for (let slot = 0; slot < count; slot++) {
    const first = slot * 2 ** (32 - SLOT_BITS);
    while (segment + 1 < length && beginsUpTo(starts, (segment + 1) * stride, stride, first)) segment++;
    slots[slot] = segment;
  }
  slots[count] = length - 1;
  return slots;
}

/** Does it begin at or before the address whose first word this is and whose others are zero? */
function beginsUpTo(starts: Uint32Array, at: number, stride: number, first: number): boolean {
  const word = starts[at] ?? 0;
  if (word !== first || stride === 1) return word <= first;
  return ((starts[at + 1] ?? 0) | (starts[at + 2] ?? 0) | (starts[at + 3] ?? 0)) === 0;
}
