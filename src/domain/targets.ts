/** Accounts whose password many addresses try, over days: what each of them does is too little to be an attack. */
import type { Network } from './network';

/** `address` tried a password of `account`. */
export interface Tried {
  /** The sender's text. */
  readonly account: string;
  readonly address: Network;
  readonly at: Date;
}

export interface TargetTerms {
  /** So many addresses that try one account, in `manyMs`, are told. */
  readonly manyAddresses: number;
  readonly manyMs: number;
}

const DAY_MS = 24 * 3600 * 1000;
/** Anybody can make up both: the longest untried accounts are forgotten first, and of each the longest unseen addresses. */
const MOST_ACCOUNTS = 2_000;
const MOST_ADDRESSES = 64;
/** As much as is written at once; what is above it is not remembered over a restart. */
const MOST_UNWRITTEN = 500;

interface Target {
  /** When each was seen last, in that order, in milliseconds since the epoch. */
  readonly addresses: Map<Network, number>;
  toldAt: number;
}

export class Targets {
  readonly #terms: TargetTerms;
  readonly #targets = new Map<string, Target>();
  /** Account and address -> when it was written, or waits to be: once a day is enough. */
  readonly #written = new Map<string, number>();
  #unwritten: Tried[] = [];

  constructor(terms: TargetTerms) {
    this.#terms = terms;
  }

  /** What was written before a restart; who was many then has been told. */
  remember(tried: readonly Tried[]): void {
    for (const { account, address, at } of tried.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
      const target = this.#target(account);
      keep(target.addresses, address, at.getTime(), MOST_ADDRESSES);
      keep(this.#written, keyOf(account, address), at.getTime(), MOST_ACCOUNTS * MOST_ADDRESSES);
      if (target.addresses.size >= this.#terms.manyAddresses) target.toldAt = at.getTime();
    }
  }

  /** How many addresses try this account; undefined: not many, or it was told within a day. */
  see(account: string, address: Network, at: number): number | undefined {
    const target = this.#target(account);
    keep(target.addresses, address, at, MOST_ADDRESSES);
    for (const [other, seen] of target.addresses) {
      if (at - seen < this.#terms.manyMs) break;
      target.addresses.delete(other);
    }
    this.#note(account, address, at);
    if (target.addresses.size < this.#terms.manyAddresses || at - target.toldAt < DAY_MS) return undefined;
    target.toldAt = at;
    return target.addresses.size;
  }

  /** What a restart should not forget: each account and address once a day. They are the caller's from now on. */
  takeUnwritten(): readonly Tried[] {
    const taken = this.#unwritten;
    this.#unwritten = [];
    return taken;
  }

  #target(account: string): Target {
    const target = this.#targets.get(account) ?? { addresses: new Map<Network, number>(), toldAt: -Infinity };
    keep(this.#targets, account, target, MOST_ACCOUNTS);
    return target;
  }

  #note(account: string, address: Network, at: number): void {
    const key = keyOf(account, address);
    if (this.#unwritten.length >= MOST_UNWRITTEN || at - (this.#written.get(key) ?? -Infinity) < DAY_MS) return;
    keep(this.#written, key, at, MOST_ACCOUNTS * MOST_ADDRESSES);
    this.#unwritten.push({ account, address, at: new Date(at) });
  }
}

/** An address has no space. */
function keyOf(account: string, address: Network): string {
  return `${address} ${account}`;
}

/** As the newest of a map that forgets its oldest. */
export function keep<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
