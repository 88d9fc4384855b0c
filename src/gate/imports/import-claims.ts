/** Which wish of an import stands for which of what is live already. */
import { isBefore, type Declined, type EntryKind, type Until } from '../../domain/entry';
import { kindOf, type Live } from '../../domain/live';
import type { Wish } from './import';
import { canonicalText } from '../doors/what';

interface Own {
  /** The import. */
  readonly origin: string;
  /** Only what was brought on it is the import's own; undefined: wherever. */
  readonly pbx: string | undefined;
  /** What people revoked of it. */
  readonly declined: readonly Declined[];
}

/** Every one of what is live is claimed once at most, by its import; what others brought stands for any wish. */
export class Claims {
  readonly #origin: string;
  readonly #pbx: string | undefined;
  readonly #live: readonly Live[];
  readonly #byKey = new Map<string, Live[]>();
  readonly #claimed = new Set<number>();
  readonly #declined: ReadonlyMap<string, Declined>;

  constructor(live: readonly Live[], { origin, pbx, declined }: Own) {
    this.#origin = origin;
    this.#pbx = pbx;
    this.#live = live;
    this.#declined = new Map(declined.map((each) => [keyOf(kindOf(each), each.what), each]));
    for (const each of live) {
      const key = keyOf(kindOf(each), each.what);
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), each]);
    }
  }

  /** What is there as it is wished: brought by the same import, or at least as long by somebody else. */
  same(wish: Wish): Live | undefined {
    const there = this.#on(wish).filter((each) => sameServices(each, wish));
    const isAsWished = (each: Live) =>
      sameEnd(each.until, wish.until) && each.name === wish.name && each.note === wish.note;
    return this.#claim(there.filter(isAsWished)) ?? there.find((each) => !this.#isOwn(each) && lasts(each, wish.until));
  }

  /** What the same import brought and what is to be changed into the wish. */
  changed(wish: Wish): Live | undefined {
    const there = this.#on(wish);
    return this.#claim(there.filter((each) => sameServices(each, wish))) ?? this.#claim(there);
  }

  /** Who revoked what the same import had brought of it. */
  declined({ kind, what }: Wish): Declined | undefined {
    return this.#declined.get(keyOf(kind, what));
  }

  /** What the import brought and nobody wishes any more. */
  unclaimed(): Live[] {
    return this.#live.filter((each) => this.#isOwn(each) && !this.#claimed.has(each.id));
  }

  #on({ kind, what }: Wish): readonly Live[] {
    return this.#byKey.get(keyOf(kind, what)) ?? [];
  }

  #claim(candidates: readonly Live[]): Live | undefined {
    const found = candidates.find((each) => this.#isOwn(each) && !this.#claimed.has(each.id));
    if (found) this.#claimed.add(found.id);
    return found;
  }

  #isOwn(each: Live): boolean {
    return each.origin === this.#origin && (this.#pbx === undefined || each.pbx === this.#pbx);
  }
}

function keyOf(kind: EntryKind, what: string): string {
  return `${kind} ${canonicalText(what)}`;
}

function sameServices(a: { readonly services: readonly string[] }, b: { readonly services: readonly string[] }) {
  return [...a.services].sort().join() === [...b.services].sort().join();
}

function sameEnd(a: Until, b: Until): boolean {
  return a === 'forever' || b === 'forever' ? a === b : a.getTime() === b.getTime();
}

function lasts({ until }: Live, end: Until): boolean {
  return end === 'forever' ? until === 'forever' : isBefore(new Date(end.getTime() - 1), until);
}
