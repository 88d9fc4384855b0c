/** Addresses as 32-bit words: one for IPv4, four for IPv6. For tables of hundreds of thousands of ranges. */
import type { Family } from '../domain/network';

/**
 * Reads one text after another, making nothing anew: `words` hold the last one. As strict as `net.isIPv6`, but for zones and
 * IPv4 tails, which neither sources nor the canonical text of a look-up have.
 */
export class AddressWords {
  readonly words = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);

  /** Undefined: it is no address as people write it (an IPv4 tail in an IPv6 address is not read). */
  read(text: string, from = 0, to = text.length): Family | undefined {
    if (this.#read4(text, from, to)) return 4;
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
    let [count, gap, at] = [0, -1, from];
    if (text.charCodeAt(at) === COLON) {
      if (text.charCodeAt(at + 1) !== COLON || at + 2 > to) return false;
      gap = 0;
      at += 2;
    }
    while (at < to || gap !== count) {
      const begun = at;
      let group = 0;
      for (; at < to; at++) {
        const digit = DIGITS[text.charCodeAt(at)] ?? -1;
        if (digit < 0) break;
        group = group * 16 + digit;
      }
      if (at === begun || at > begun + 4 || count === 8) return false;
      groups[count++] = group;
      if (at === to) break;
      if (text.charCodeAt(at++) !== COLON) return false;
      if (at < to && text.charCodeAt(at) === COLON) {
        if (gap >= 0) return false;
        gap = count;
        at++;
      }
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

/** What a hexadecimal digit is worth; -1: it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, char) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(char | (char > 64 ? 32 : 0))),
);

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
