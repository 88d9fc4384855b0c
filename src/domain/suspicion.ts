/**
 * Who is guessing passwords? Each failed login fills a bucket of its address, time empties it, and who makes it run over is
 * an attacker. One phone that repeats an old password is slower than its bucket empties; who tries several accounts is not.
 */
import type { Login } from './login';
import type { Network } from './network';
import { keep, Targets, type TargetTerms } from './targets';

/** What a failed login is, and how much it weighs. */
export const WEIGHTS = {
  /** The account that this address has tried before, or its first. */
  'wrong-password': 1,
  'wrong-password-of-another-account': 4,
  /** Three events a try: a phone whose extension was removed tries once a minute, which the bucket forgives. */
  'unknown-account': 0.3,
  'another-unknown-account': 4,
  /** An access list of Asterisk's refused it. */
  'refused-by-list': 2,
} as const;
export type Rule = keyof typeof WEIGHTS;

export interface SuspicionTerms extends TargetTerms {
  /** An address whose bucket holds this much is an attacker: the tenth wrong password in a row. */
  readonly bucket: number;
  /** The bucket of an address from which a good password came lately: many people may share it. */
  readonly knownBucket: number;
  /** How much of it a minute forgives. */
  readonly leakPerMinute: number;
  /** The same where good passwords come from: one phone there that tries an old one as fast as phones do is forgiven. */
  readonly knownLeakPerMinute: number;
  /** A good password counts for so long. */
  readonly knownMs: number;
  /** Addresses that are remembered; the longest unseen are forgotten first. */
  readonly most: number;
}

export const SUSPICION: SuspicionTerms = {
  bucket: 9.5,
  knownBucket: 40,
  leakPerMinute: 1,
  knownLeakPerMinute: 10,
  knownMs: 24 * 3600 * 1000,
  manyAddresses: 10,
  manyMs: 3 * 24 * 3600 * 1000,
  most: 10_000,
};

export type Judgement =
  /** It may be blocked. `accounts`: the senders' text; `mayBeForged`: some of it came as answers over UDP. */
  | {
      readonly kind: 'attack';
      readonly address: Network;
      readonly tries: number;
      readonly accounts: readonly string[];
      readonly mayBeForged: boolean;
    }
  /** It may be forged, so it is only told; once an hour for an address. */
  | { readonly kind: 'perhaps'; readonly address: Network; readonly tries: number; readonly why: 'udp' | 'known' }
  /** Many addresses try one account; once a day for an account. */
  | { readonly kind: 'many'; readonly account: string; readonly addresses: number };

export interface Judged {
  /** Undefined: the login was good. */
  readonly rule: Rule | undefined;
  readonly judgements: readonly Judgement[];
}

interface Suspect {
  level: number;
  tries: number;
  /** Milliseconds since the epoch, as all times below. */
  at: number;
  readonly accounts: Set<string>;
  mayBeForged: boolean;
  /** A bucket of its own: what may be forged must not help to block. */
  perhaps: number;
  toldAt: number;
}

const MOST_ACCOUNTS = 32;
const HOUR_MS = 3600 * 1000;

/** One for the whole daemon. Judging takes microseconds and its memory is bounded, whatever is sent. */
export class Suspicion {
  readonly #terms: SuspicionTerms;
  readonly #suspects = new Map<Network, Suspect>();
  readonly #good = new Map<Network, number>();
  readonly targets: Targets;

  constructor(terms: SuspicionTerms = SUSPICION) {
    this.#terms = terms;
    this.targets = new Targets(terms);
  }

  judge(login: Login, now: Date): Judged {
    const at = now.getTime();
    if (login.outcome === 'good') {
      this.know(login.address, now);
      return { rule: undefined, judgements: [] };
    }
    const suspect = this.#suspect(login.address, at);
    const rule = ruleOf(login, suspect.accounts);
    if (login.account !== undefined && suspect.accounts.size < MOST_ACCOUNTS) suspect.accounts.add(login.account);
    const own =
      login.wayBack === 'no' ? this.#perhaps(login, suspect, rule, at) : this.#count(login, suspect, rule, at);
    return { rule, judgements: [...own, ...this.#manyOn(login, at)] };
  }

  /** A good password came from there. */
  know(address: Network, at: Date): void {
    keep(this.#good, address, at.getTime(), this.#terms.most);
  }

  /** Has one lately? */
  isKnown(address: Network, now: Date): boolean {
    return now.getTime() - (this.#good.get(address) ?? -Infinity) < this.#terms.knownMs;
  }

  #suspect(address: Network, at: number): Suspect {
    const before = this.#suspects.get(address);
    const { leakPerMinute, knownLeakPerMinute } = this.#terms;
    const leak = this.isKnown(address, new Date(at)) ? knownLeakPerMinute : leakPerMinute;
    const gone = before ? ((at - before.at) / 60_000) * leak : 0;
    const fresh = { level: 0, tries: 0, at, accounts: new Set<string>(), mayBeForged: false };
    const suspect: Suspect = before ?? { ...fresh, perhaps: 0, toldAt: -Infinity };
    suspect.level = Math.max(0, suspect.level - gone);
    suspect.perhaps = Math.max(0, suspect.perhaps - gone);
    if (suspect.level === 0 && suspect.perhaps === 0) {
      suspect.accounts.clear();
      suspect.tries = 0;
      suspect.mayBeForged = false;
    }
    suspect.at = at;
    keep(this.#suspects, address, suspect, this.#terms.most);
    return suspect;
  }

  #count(login: Login, suspect: Suspect, rule: Rule, at: number): Judgement[] {
    const isKnown = this.isKnown(login.address, new Date(at));
    // Over UDP even a wrong answer may be forged: it must not cut off an address that good passwords come from.
    if (isKnown && login.wayBack === 'answer') return this.#perhaps(login, suspect, rule, at, 'known');
    suspect.level += WEIGHTS[rule];
    suspect.tries++;
    suspect.mayBeForged ||= login.wayBack === 'answer';
    if (suspect.level < (isKnown ? this.#terms.knownBucket : this.#terms.bucket)) return [];
    const { tries, accounts, mayBeForged } = suspect;
    this.#suspects.delete(login.address);
    return [{ kind: 'attack', address: login.address, tries, accounts: [...accounts], mayBeForged }];
  }

  #perhaps(login: Login, suspect: Suspect, rule: Rule, at: number, why: 'udp' | 'known' = 'udp'): Judgement[] {
    suspect.perhaps += WEIGHTS[rule];
    suspect.tries++;
    if (suspect.perhaps < this.#terms.bucket || at - suspect.toldAt < HOUR_MS) return [];
    suspect.toldAt = at;
    return [{ kind: 'perhaps', address: login.address, tries: suspect.tries, why }];
  }

  #manyOn({ account, address, wayBack }: Login, at: number): Judgement[] {
    if (account === undefined || wayBack === 'no') return [];
    const addresses = this.targets.see(account, address, at);
    return addresses === undefined ? [] : [{ kind: 'many', account, addresses }];
  }
}

function ruleOf({ outcome, account }: Login, tried: ReadonlySet<string>): Rule {
  if (outcome === 'refused') return 'refused-by-list';
  // An answer for an account that is none comes without its name, behind events that told it.
  const isAnother = account === undefined ? tried.size > 1 : tried.size > 0 && !tried.has(account);
  if (outcome === 'unknown-account' || account === undefined)
    return isAnother ? 'another-unknown-account' : 'unknown-account';
  return isAnother ? 'wrong-password-of-another-account' : 'wrong-password';
}
