/** Names that move: what DNS says of one, and what that means for what is open. `src/names` asks. */
import { isBefore, type Entry, type Until } from './entry';
import { familyOf, type Family, type Network } from './network';
import { reachOf, type Reach } from './reach';

/** Of one answer; more are left out. */
export const MOST_ADDRESSES = 64;

/** `settled`: the families that DNS has answered for; addresses of another one may still be good, unseen. */
interface Found {
  readonly kind: 'found';
  /** Sorted, at most `MOST_ADDRESSES`. */
  readonly addresses: readonly Network[];
  readonly ttlSeconds: number;
  readonly settled: readonly Family[];
}

/** `missing`: every server that answered says that there is no such name. `empty`: it is there and has no address. */
export type LookUp = Found | { readonly kind: 'missing' | 'empty' } | { readonly kind: 'failed'; readonly why: string };

/** `itself`: a name's own A and AAAA. `services`: those of the other names that its SRV records for SIP lead to. */
export type Side = 'itself' | 'services';

/** Asks DNS for one side of a name. Never rejects. */
export type Resolve = (name: string, side: Side) => Promise<LookUp>;

export interface Judging {
  /** This machine's addresses. */
  readonly own: readonly Network[];
  /** What the name stands for already; undefined: it is let in now, and an admin looks at it. */
  readonly before: readonly Network[] | undefined;
  readonly allowDocumentation: boolean;
}

export interface Judged {
  readonly good: readonly Network[];
  readonly refused: readonly Network[];
}

/** Addresses of a LAN or of a provider's own net: no way into them for a name that never was there. */
const HOME: readonly Reach[] = ['private', 'shared'];

/** Who can write to a name's zone must not thereby let in our own machine or LAN. */
export function judge(addresses: readonly Network[], { own, before, allowDocumentation }: Judging): Judged {
  const isGood = (address: Network): boolean => {
    const reach = reachOf(address);
    if (own.includes(address)) return false;
    if (HOME.includes(reach)) return !before || before.some((each) => reachOf(each) === reach);
    return reach === 'public' || (reach === 'documentation' && allowDocumentation);
  };
  return { good: addresses.filter(isGood), refused: addresses.filter((address) => !isGood(address)) };
}

export interface Moves {
  readonly joined: readonly Network[];
  /** Had left, and is back before its grace was over. */
  readonly returned: readonly Entry[];
  readonly left: readonly Entry[];
}

/**
 * What an answer changes: `members` are the live entries of the name, `until` is its end, and what leaves stays open
 * until `graceEnd`. An address leaves only when DNS has answered for its family.
 */
export function movesOf(
  members: readonly Entry[],
  good: readonly Network[],
  settled: readonly Family[],
  { until, graceEnd }: { readonly until: Until; readonly graceEnd: Date },
): Moves {
  const there = new Set(members.map(({ network }) => network));
  const isLeaving = (entry: Entry) => entry.until !== 'forever' && entry.until.getTime() <= graceEnd.getTime();
  return {
    joined: good.filter((address) => !there.has(address)),
    returned: members.filter((entry) => good.includes(entry.network) && isShortened(entry, until)),
    left: members.filter(
      (entry) => !good.includes(entry.network) && settled.includes(familyOf(entry.network)) && !isLeaving(entry),
    ),
  };
}

/** Does it end before the name does? */
function isShortened(entry: Entry, until: Until): boolean {
  return entry.until !== 'forever' && isBefore(entry.until, until);
}
