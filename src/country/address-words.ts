/** Addresses as 32-bit words: one for IPv4, four for IPv6. For tables of hundreds of thousands of ranges. */
import type { Family, Network } from '../domain/network';

/**
 * Reads one text after another, making nothing anew: `words` hold the last one. As strict as `net.isIPv6`, but for zones and
 * IPv4 tails, which neither sources nor the canonical text of a look-up have.
 */
export class AddressWords {
  readonly words = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);

  /** Undefined: it is no address as people write it (an IPv4 tail in an IPv6 address is not read). */
  read(text: string, from = 0, to = text.length): Family | undefined {
    if (this.#read4(text, from, to) === to) return 4;
    return this.#read6(text, from, to) ? 6 : undefined;
  }

  /** The first address of a network in canonical text. Undefined: it is none. */
  readFirst(network: Network): Family | undefined {
    const end = this.#read4(network, 0, network.length);
    if (end === network.length || (end >= 0 && network.charCodeAt(end) === SLASH)) return 4;
    return this.#read6(network, 0, endOfAddress(network)) ? 6 : undefined;
  }

  /** Where it ends; -1: there is none. */
  #read4(text: string, from: number, to: number): number {
    let value = 0;
    let byte = 0;
    let dots = 0;
    let begun = from;
    let at = from;
    for (; at < to; at++) {
      const char = text.charCodeAt(at);
      if (isDigit(char)) byte = byte * 10 + char - ZERO;
      else if (char === DOT && isByte(byte, at - begun)) {
        value = (value << 8) | byte;
        byte = 0;
        dots++;
        begun = at + 1;
      } else break;
    }
    this.words[0] = (value << 8) | byte;
    return dots === 3 && isByte(byte, at - begun) ? at : -1;
  }

  #read6(text: string, from: number, to: number): boolean {
    const groups = this.#groups;
    let [count, gap, group, begun] = [0, -1, 0, from];
    for (let at = from; at < to; at++) {
      const char = text.charCodeAt(at);
      const digit = DIGITS[char] ?? -1;
      if (digit >= 0) {
        group = (group << 4) | digit;
        continue;
      }
      if (char !== COLON || at > begun + 4 || count === 8) return false;
      if (at > begun) groups[count++] = group;
      else {
        // the second of two colons; at the very front both are read at once
        if (gap >= 0 || (at === from && text.charCodeAt(++at) !== COLON)) return false;
        gap = count;
      }
      group = 0;
      begun = at + 1;
    }
    if (begun > to || to > begun + 4 || (begun < to ? count === 8 : gap !== count)) return false;
    if (begun < to) groups[count++] = group;
    if (gap < 0 ? count !== 8 : count === 8) return false;
    if (gap >= 0) {
      groups.copyWithin(gap + 8 - count, gap, count);
      groups.fill(0, gap, gap + 8 - count);
    }
    for (let i = 0; i < 4; i++) this.words[i] = ((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0);
    return true;
  }
}

/** Of one part of an IPv4 address: is it a byte, in as many digits as that takes? More of them may run over. */
function isByte(value: number, digits: number): boolean {
  return digits > 0 && digits <= 3 && value <= 255;
}

function isDigit(char: number): boolean {
  return (char - ZERO) >>> 0 <= 9;
}

/** A prefix has one to three digits; to look for it from the front would take as long as to read the address. */
function endOfAddress(network: Network): number {
  for (let digits = 1; digits <= 3; digits++) {
    const slash = network.length - 1 - digits;
    if (network.charCodeAt(slash) === SLASH) return slash;
  }
  return network.length;
}

const [DOT, COLON, SLASH, ZERO] = [46, 58, 47, 48] as const;

/** What a hexadecimal digit is worth; -1: it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, char) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(char | (char > 64 ? 32 : 0))),
);

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
