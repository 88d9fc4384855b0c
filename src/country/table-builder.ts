/** What every reader of a source fills: ranges with countries, and what the source says of itself. */
import type { Family } from '../domain/network';
import { AddressWords } from './address-words';
import { broken } from './fault';
import { MarkedRanges } from './marked-ranges';
import { markOf, type CountryTable } from './table';

export class TableBuilder {
  readonly 4 = new MarkedRanges(4);
  readonly 6 = new MarkedRanges(6);
  /** When the source was made, as far as it tells. */
  dated: Date | undefined;
  licence: string | undefined;
  readonly #first = new AddressWords();
  readonly #last = new AddressWords();

  /** Texts as sources write them; false when they are no range. What has no country is left out. */
  addTexts(first: string, last: string, country: string): boolean {
    const [a, b] = [this.#first, this.#last];
    const family = readAddress(a, first);
    if (family === undefined || readAddress(b, last) !== family) return false;
    this.addWords(family, a.words, b.words, country);
    return true;
  }

  addWords(family: Family, first: Uint32Array, last: Uint32Array, country: string): void {
    const mark = markOf(MEANT[country] ?? country);
    if (mark !== 0) this[family].add(first, last, mark);
  }

  /** Throws COUNTRY_FAILED when it is empty, or when two countries claim one address. */
  table(): CountryTable {
    if (this[4].length + this[6].length === 0) throw broken('the table is empty');
    return { 4: this[4].compile(), 6: this[6].compile() };
  }
}

/** Some sources write the letters of the old days for a few ranges. */
const MEANT: Readonly<Record<string, string>> = { UK: 'GB' };

/** An IPv4 address may be an integer. */
function readAddress(into: AddressWords, text: string): Family | undefined {
  if (!/^\d{1,10}$/.test(text)) return into.read(text);
  const integer = Number(text);
  if (integer >= 2 ** 32) return undefined;
  into.words[0] = integer;
  return 4;
}
