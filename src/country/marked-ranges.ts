/** From ranges in any order to segments. */
import type { Family } from '../domain/network';
import type { AppError } from '../errors';
import { addressOf } from '../domain/address-range';
import { integerAt } from './address-words';
import { broken } from './fault';
import { compareWords, Segments, STRIDE } from './segments';

/** The sources have less than half a million each; with the position in its lower bits a start is still an exact number. */
const MOST_RANGES = 2 ** 21;
const FIRST_ROOM = 1024;

/** Ranges of one family, each with a mark above zero. */
export class MarkedRanges {
  readonly #stride: 1 | 4;
  #firsts: Uint32Array;
  #lasts: Uint32Array;
  #marks = new Uint16Array(FIRST_ROOM);
  #length = 0;
  #ordered = true;

  constructor(readonly family: Family) {
    this.#stride = STRIDE[family];
    this.#firsts = new Uint32Array(FIRST_ROOM * this.#stride);
    this.#lasts = new Uint32Array(FIRST_ROOM * this.#stride);
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the words as they are now. Throws COUNTRY_FAILED when a range ends before it begins, or there are too many. */
  add(first: Uint32Array, last: Uint32Array, mark: number): void {
    const stride = this.#stride;
    if (this.#compare(first, 0, last, 0) > 0) throw broken('a range ends before it begins');
    if (this.#length === MOST_RANGES) throw broken(`more than ${MOST_RANGES} ranges`);
    if (this.#length === this.#marks.length) this.#grow();
    const at = this.#length * stride;
    for (let word = 0; word < stride; word++) {
      this.#firsts[at + word] = first[word] ?? 0;
      this.#lasts[at + word] = last[word] ?? 0;
    }
    this.#marks[this.#length] = mark;
    if (this.#length > 0 && this.#compare(this.#firsts, at - stride, this.#firsts, at) > 0) this.#ordered = false;
    this.#length++;
  }

  /** Throws COUNTRY_FAILED when two ranges with different marks overlap. */
  compile(): Segments {
    const stride = this.#stride;
    const order = this.#ordered ? undefined : this.#order();
    const starts = new Uint32Array((2 * this.#length + 1) * stride);
    const marks = new Uint16Array(2 * this.#length + 1);
    let count = 0;
    const begin = (source: Uint32Array, at: number, mark: number) => {
      if (count > 0 && marks[count - 1] === mark) return; // it goes on
      for (let word = 0; word < stride; word++) starts[count * stride + word] = source[at + word] ?? 0;
      marks[count++] = mark;
    };
    /** The first address that no range has reached yet. */
    const next = new Uint32Array(stride);
    const reached = new Uint32Array(stride);
    let isFull = false;
    for (let i = 0; i < this.#length; i++) {
      const range = order?.[i] ?? i;
      const at = range * stride;
      const mark = this.#marks[range] ?? 0;
      const gap = isFull ? -1 : this.#compare(this.#firsts, at, next, 0);
      if (gap < 0 && mark !== marks[count - 1]) throw this.#overlap(at);
      if (gap < 0 && this.#compare(this.#lasts, at, reached, 0) <= 0) continue;
      if (gap > 0) begin(next, 0, 0);
      begin(this.#firsts, at, mark);
      for (let word = 0; word < stride; word++) reached[word] = this.#lasts[at + word] ?? 0;
      next.set(reached);
      isFull = !increment(next);
    }
    if (!isFull) begin(next, 0, 0);
    return Segments.of(this.family, starts.slice(0, count * stride), marks.slice(0, count));
  }

  #compare(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
    return this.#stride === 1 ? (a[i] ?? 0) - (b[j] ?? 0) : compareWords(a, i, b, j);
  }

  #order(): ArrayLike<number> {
    const firsts = this.#firsts;
    if (this.#stride === 4) {
      return Uint32Array.from({ length: this.#length }, (_, i) => i).sort(
        (a, b) => compareWords(firsts, 4 * a, firsts, 4 * b) || a - b,
      );
    }
    // numbers sort many times faster than anything that needs a comparison of ours
    const keys = Float64Array.from({ length: this.#length }, (_, i) => (firsts[i] ?? 0) * MOST_RANGES + i).sort();
    return Uint32Array.from(keys, (key) => key % MOST_RANGES);
  }

  #overlap(at: number): AppError {
    const address = addressOf(this.family, integerAt(this.#firsts, at, this.family));
    return broken(`two countries claim ${address}`);
  }

  #grow(): void {
    const grown = (array: Uint32Array) => {
      const larger = new Uint32Array(2 * array.length);
      larger.set(array);
      return larger;
    };
    this.#firsts = grown(this.#firsts);
    this.#lasts = grown(this.#lasts);
    const marks = new Uint16Array(2 * this.#marks.length);
    marks.set(this.#marks);
    this.#marks = marks;
  }
}

/** The next address; false when there is none. */
function increment(words: Uint32Array): boolean {
  for (let word = words.length - 1; word >= 0; word--) {
    const sum = (words[word] ?? 0) + 1;
    words[word] = sum;
    if (sum < 2 ** 32) return true;
  }
  return false;
}
