/** The compiled index: the whole address space cut into segments, each with a mark. */
import type { Index } from '../domain/country';
import type { Family } from '../domain/network';

/** Words of an address: one for IPv4, four for IPv6. */
export const STRIDE: Readonly<Record<Family, 1 | 4>> = { 4: 1, 6: 4 };
/** Below this many no slots are made. */
const FEW = 64;
const SLOTS = 2 ** 16;
/** First words of addresses: where the first slot begins, and how wide each is. Of IPv6 they are the public space, 2000::/3. */
const PLACE: Readonly<Record<Family, { readonly first: number; readonly width: number }>> = {
  4: { first: 0, width: 2 ** 16 },
  6: { first: 0x2000_0000, width: 2 ** 13 },
};

/**
 * Segment `i` begins at `starts[i]` (its words one after another) and goes up to the next one's start, the last one up to
 * the end of the space; `marks[i]` is what it is marked with, 0: with nothing. The first begins at zero.
 *
 * A search goes all over what it reads, and waits longer for memory than it works: so its keys are as short as can be.
 */
export class Segments implements Index {
  readonly family: Family;
  readonly starts: Uint32Array;
  readonly marks: Uint16Array;
  readonly slots: Uint32Array | undefined;
  readonly keys4: Uint16Array | undefined;
  readonly keys6: Uint32Array | undefined;

  constructor({ family, starts, marks, slots, keys4, keys6 }: Index) {
    this.family = family;
    this.starts = starts;
    this.marks = marks;
    this.slots = slots;
    this.keys4 = keys4;
    this.keys6 = keys6;
  }

  static of(family: Family, starts: Uint32Array, marks: Uint16Array): Segments {
    const isFew = marks.length <= FEW;
    return new Segments({
      ...{ family, starts, marks },
      slots: isFew ? undefined : slotsOf(family, starts, marks.length),
      keys4: isFew || family === 6 ? undefined : keys4Of(starts),
      keys6: isFew || family === 4 ? undefined : keys6Of(starts, marks.length),
    });
  }

  get length(): number {
    return this.marks.length;
  }

  /** The mark at this address. */
  markAt(words: Uint32Array): number {
    return this.marks[this.family === 4 ? this.#segmentAt4(words[0] ?? 0) : this.#segmentAt6(words)] ?? 0;
  }

  #segmentAt4(word: number): number {
    const { slots, keys4 } = this;
    if (!slots || !keys4) return lastOfFew(this.starts, word);
    const slot = word >>> 16;
    return last4(keys4, word & 0xffff, (slots[slot] ?? 0) - 1, (slots[slot + 1] ?? 0) - 1);
  }

  #segmentAt6(words: Uint32Array): number {
    const { slots, keys6, starts } = this;
    const word = words[0] ?? 0;
    if (!slots || !keys6 || word >>> 29 !== 1) return lastByWords(starts, words, this.length);
    const slot = (word >>> 13) & 0xffff;
    return last6(keys6, starts, words, (slots[slot] ?? 0) - 1, (slots[slot + 1] ?? 0) - 1);
  }
}

/** How many segments begin before the first address of each slot, and before what comes behind the last one. */
function slotsOf(family: Family, starts: Uint32Array, length: number): Uint32Array {
  const { first, width } = PLACE[family];
  const slots = new Uint32Array(new SharedArrayBuffer((SLOTS + 1) * Uint32Array.BYTES_PER_ELEMENT));
  let segments = 0;
  for (let slot = 0; slot <= SLOTS; slot++) {
    while (segments < length && (starts[segments * STRIDE[family]] ?? 0) < first + slot * width) segments++;
    slots[slot] = segments;
  }
  return slots;
}

/** Of each start the bits behind those that choose its slot. */
function keys4Of(starts: Uint32Array): Uint16Array {
  const keys = new Uint16Array(new SharedArrayBuffer(starts.length * Uint16Array.BYTES_PER_ELEMENT));
  keys.set(starts); // keeps the lower half of each
  return keys;
}

/** The same, but no more than 32 of them: the others are hardly ever needed. */
function keys6Of(starts: Uint32Array, length: number): Uint32Array {
  const keys = new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));
  for (let i = 0; i < length; i++) keys[i] = key6(starts, 4 * i);
  return keys;
}

function key6(words: Uint32Array, at: number): number {
  return (((words[at] ?? 0) << 19) | ((words[at + 1] ?? 0) >>> 13)) >>> 0;
}

/** The last of few segments that begins at or before this address. */
function lastOfFew(starts: Uint32Array, address: number): number {
  let last = -1;
  for (let i = 0; i < starts.length; i++) last += Number((starts[i] ?? 0) <= address);
  return last;
}

/** The last segment up to `last` whose key is this one or comes before it, else `before`. */
function last4(keys: Uint16Array, key: number, before: number, last: number): number {
  let found = before;
  for (let left = last - before + 1; left > 1;) {
    const half = left >>> 1;
    const middle = found + half;
    found = (keys[middle] ?? 0) <= key ? middle : found;
    left -= half;
  }
  return found;
}

/** The same; where keys are equal the words tell. */
function last6(keys: Uint32Array, starts: Uint32Array, words: Uint32Array, before: number, last: number): number {
  const key = key6(words, 0);
  let found = before;
  for (let left = last - before + 1; left > 1;) {
    const half = left >>> 1;
    const middle = found + half;
    const its = keys[middle] ?? 0;
    found = its < key || (its === key && compareWords(starts, 4 * middle, words, 0) <= 0) ? middle : found;
    left -= half;
  }
  return found;
}

/** The same without keys. */
function lastByWords(starts: Uint32Array, words: Uint32Array, length: number): number {
  let found = 0;
  for (let left = length; left > 1;) {
    const half = left >>> 1;
    if (compareWords(starts, 4 * (found + half), words, 0) <= 0) found += half;
    left -= half;
  }
  return found;
}

/** Below zero: the four words of `a` come before those of `b`. */
export function compareWords(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = (a[i + word] ?? 0) - (b[j + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
