/** Addresses as 32-bit words: one for IPv4, four for IPv6. For tables of hundreds of thousands of ranges. */
import type { Family } from '../domain/network';

/** Reads one text after another, making nothing anew: `words` hold the last one. */
export class AddressWords {
  readonly words = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);

  /** Undefined: it is no address as people write it (an IPv4 tail in an IPv6 address is not read). */
  read(text: string, from = 0, to = text.length): Family | undefined {
    for (let i = from; i < to && i < from + 5; i++) {
      const char = text.charCodeAt(i);
      if (char === DOT) return this.#read4(text, from, to) ? 4 : undefined;
      if (char === COLON) break;
    }
    return this.#read6(text, from, to) ? 6 : undefined;
  }

  #read4(text: string, from: number, to: number): boolean {
    let value = 0;
    let byte = 0;
    let digits = 0;
    let dots = 0;
    for (let i = from; i < to; i++) {
      const char = text.charCodeAt(i);
      if (char === DOT) {
        if (digits === 0 || ++dots > 3) return false;
        value = value * 256 + byte;
        byte = digits = 0;
      } else {
        if (char < ZERO || char > ZERO + 9 || ++digits > 3) return false;
        byte = byte * 10 + char - ZERO;
        if (byte > 255) return false;
      }
    }
    this.words[0] = value * 256 + byte;
    return dots === 3 && digits > 0;
  }

  #read6(text: string, from: number, to: number): boolean {
    const groups = this.#groups;
    let count = 0;
    let gap = -1;
    let group = 0;
    let digits = 0;
    for (let i = from; i < to; i++) {
      const char = text.charCodeAt(i);
      if (char === COLON) {
        if (digits > 0) {
          if (count === 8) return false;
          groups[count++] = group;
          group = digits = 0;
          if (i + 1 === to) return false;
        } else if (i === from && text.charCodeAt(i + 1) !== COLON) return false;
        if (i + 1 < to && text.charCodeAt(i + 1) === COLON) {
          if (gap >= 0) return false;
          gap = count;
          i++;
        } else if (digits === 0 && i > from && text.charCodeAt(i - 1) === COLON) return false;
      } else {
        const digit = hexDigit(char);
        if (digit < 0 || ++digits > 4) return false;
        group = group * 16 + digit;
      }
    }
    if (digits > 0) {
      if (count === 8) return false;
      groups[count++] = group;
    }
    if (gap < 0 ? count !== 8 : count > 7) return false;
    const skipped = 8 - count;
    for (let i = 0; i < 4; i++) {
      this.words[i] = groupAt(groups, 2 * i, gap, skipped) * 65_536 + groupAt(groups, 2 * i + 1, gap, skipped);
    }
    return true;
  }
}

const [DOT, COLON, ZERO] = [46, 58, 48] as const;

function hexDigit(char: number): number {
  if (char >= ZERO && char <= ZERO + 9) return char - ZERO;
  const lower = char | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The groups as they were written, with `skipped` zeros at the gap. */
function groupAt(groups: Uint16Array, i: number, gap: number, skipped: number): number {
  if (gap < 0 || i < gap) return groups[i] ?? 0;
  return i < gap + skipped ? 0 : (groups[i - skipped] ?? 0);
}

/** As `words` would hold it. */
export function wordsOf(family: Family, integer: bigint): Uint32Array {
  if (family === 4) return Uint32Array.of(Number(integer));
  return Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((integer >> shift) & 0xffff_ffffn));
}

/** The other way round, `at` words into an array. */
export function integerAt(words: Uint32Array, at: number, family: Family): bigint {
  const word = (i: number) => BigInt(words[at + i] ?? 0);
  return family === 4 ? word(0) : (word(0) << 96n) | (word(1) << 64n) | (word(2) << 32n) | word(3);
}
