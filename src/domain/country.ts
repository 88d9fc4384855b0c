/** Countries and ranges: where an address is, and whether it is a stranger's. `src/country` keeps the data. */
import type { AddressRange } from './address-range';
import type { Family, Network } from './network';

/** Two capital letters of ISO 3166-1, or what a source calls satellites and the like (`A2`). */
export type CountryCode = string;

/** The country of a range that was added by hand. */
export const BY_HAND: CountryCode = 'AA';

export type Permission = 'permit' | 'deny';

/** The admin's word on a country. */
export interface CountryRule {
  readonly country: CountryCode;
  readonly permission: Permission;
  readonly by: string;
  readonly at: Date;
}

/** A range that was added by hand. It outlives every refresh of the data. */
export interface RangeRule {
  readonly range: AddressRange;
  readonly permission: Permission;
  readonly by: string;
  readonly at: Date;
  readonly note: string | undefined;
}

export interface CountryRules {
  readonly countries: readonly CountryRule[];
  readonly ranges: readonly RangeRule[];
}

/** What the ranges say of one address; entries are left out. */
export interface Origin {
  /** Undefined: no source knows it. A range by hand is `AA`, unless the data know its country. */
  readonly country: CountryCode | undefined;
  /** Does a permit range cover it: a permitted country, one by hand, or a private network? */
  readonly permit: boolean;
  /** Does a deny range cover it? */
  readonly deny: boolean;
  /** A stranger unless an open entry lets it in: an entry wins over ranges, and among ranges deny wins. */
  readonly stranger: boolean;
}

/** The data and the admin's rules at one moment. */
export interface Countries {
  /** Of an address, or of the first one of a network. Takes less than a microsecond. */
  lookup(address: Network): Origin;
  /** Why only who is denied is a stranger, for want of a permit range: an empty table takes no effect. Undefined: it takes effect. */
  readonly idle: string | undefined;
  /** Everything permitted that no deny range takes back: merged, in order, IPv4 first. For a set in the kernel. */
  permitted(): readonly AddressRange[];
}

export interface JudgedCountries extends Countries {
  readonly judged: Judged;
}

/** What countries are judged by, as a message to another thread can hold it: large arrays are shared with it, small ones copied. */
export interface Judged {
  readonly idle: string | undefined;
  /** What is said of each country, by its mark. */
  readonly says: Uint8Array;
  readonly data: BothFamilies;
  /** What ranges say that no source made, private networks among them. */
  readonly byHand: BothFamilies;
}

export type BothFamilies = Readonly<Record<Family, Index>>;

/** The address space cut into segments, each with a mark; `country/segments.ts` searches it. */
export interface Index {
  readonly family: Family;
  readonly starts: Uint32Array;
  readonly marks: Uint16Array;
  /** What makes the search fast, worked out from the others. */
  readonly slots: Uint32Array | undefined;
  readonly keys4: Uint16Array | undefined;
  readonly keys6: Uint32Array | undefined;
}

/** Where data came from and what they hold. */
export interface TableFacts {
  /** `DB-IP lite`, `Debian tor-geoipdb`, … */
  readonly source: string;
  readonly licence: string;
  /** When its makers made it, as far as it tells. */
  readonly dated: Date;
  readonly importedAt: Date;
  /** Older than this it is too old. */
  readonly maxAgeDays: number;
  readonly ranges: { readonly 4: number; readonly 6: number };
}

/** One country in the data. `networks6`: how many /64 its IPv6 ranges would make. */
export interface CountrySize {
  readonly country: CountryCode;
  readonly ranges: { readonly 4: number; readonly 6: number };
  readonly addresses4: number;
  readonly networks6: number;
}

/** A table that is about to take the place of the present one. */
interface Adopted {
  readonly facts: TableFacts;
  readonly before: TableFacts | undefined;
  /** What these rules make of it. */
  judge(rules: CountryRules): JudgedCountries;
}

/** The country data of this machine. */
export interface CountryData {
  /** Undefined: there are none yet. Rejects with COUNTRY_FAILED when no kept table can be read. */
  facts(): Promise<TableFacts | undefined>;
  sizes(): Promise<readonly CountrySize[]>;
  /** What these rules make of the data as they are now. */
  judge(rules: CountryRules): Promise<JudgedCountries>;
  /**
   * Checks a table that `fetch-countries.ts` has laid into the folder and puts it into force, at once and wholly. Rejects
   * with COUNTRY_FAILED, the old one in force, when it is not as it should be. With `dryRun` it is only checked.
   */
  adopt(name: string, how: { readonly dryRun: boolean }): Promise<Adopted>;
}
