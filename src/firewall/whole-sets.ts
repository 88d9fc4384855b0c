/**
 * The sets of permitted countries. Their members are read when the process first sees them, unless it has filled them
 * itself; after that their number tells whether they are still what they were. Bounds are read with every look: what is
 * wrong in them lets in, or keeps out, whom the large set does not.
 */
import { createHash } from 'node:crypto';
import type { Run } from '../ports';
import type { KernelSet, Whole } from './kernel-state';
import { isBound, isWholeSet } from './names';
import { canonicalMember } from './listed-members';

export interface WholeSets {
  /** Those that the kernel holds, of this listing; of those `filled` just now, which hold nothing else, the number will do. */
  read(
    listing: readonly ListedSet[],
    run: Run,
    filled: ReadonlyMap<string, KernelSet>,
  ): Promise<ReadonlyMap<string, KernelSet>>;
  /** Something else may be in them from now on, of whatever number. */
  forget(): void;
}

/** A set as `ipset list -terse` tells of it. */
export interface ListedSet {
  readonly name: string;
  /** As `KernelSet` has it. */
  readonly header: string;
  readonly count: number;
}

/** `networks`: in the order of their texts. */
export function wholeOf(networks: readonly string[]): Whole {
  let stamp: string | undefined;
  return {
    count: networks.length,
    networks,
    get stamp() {
      return (stamp ??= stampOf(networks)); // only asked for where the kernel is looked at
    },
  };
}

/** `saved`: as `ipset save` tells it. */
function readWhole({ name, header }: ListedSet, saved: string): Whole {
  const added = `add ${name} `;
  // A bitmap tells its networks without their length.
  const length = /^bitmap:ip .* netmask (\d+)$/.exec(header)?.[1];
  const end = length === undefined ? '' : `/${length}`;
  const members = saved.split('\n').flatMap((line) => (line.startsWith(added) ? [line.slice(added.length) + end] : []));
  // All others the kernel writes as we do; to read each of them again would take seconds.
  const texts = members.map((text) => (text.startsWith('::') ? canonicalMember(text) : text));
  return { count: texts.length, stamp: stampOf(texts.sort()) };
}

function stampOf(networks: readonly string[]): string {
  return createHash('sha256').update(networks.join('\n')).digest('hex');
}

interface Seen {
  readonly whole: Whole;
  /** The kernel's words of a bound: the same words are the same members, and to compare them takes no time. */
  readonly saved?: string;
}

export function wholeSets(): WholeSets {
  const seen = new Map<string, Seen>();

  async function look(set: ListedSet, run: Run, filled: Whole | undefined): Promise<Seen> {
    const before = seen.get(set.name);
    const whole = filled ?? (isBound(set.name) ? undefined : before?.whole);
    if (whole?.count === set.count) return { whole };
    const saved = await run('ipset', ['save', set.name], { timeoutMs: 60_000 });
    if (before?.saved === saved) return before;
    return { whole: readWhole(set, saved), ...(isBound(set.name) && { saved }) };
  }

  return {
    forget: () => seen.clear(),
    async read(listing, run, filled) {
      const wholes = listing.filter(({ name }) => isWholeSet(name));
      const sets = await Promise.all(
        wholes.map(async (set) => {
          const now = await look(set, run, filled.get(set.name)?.whole);
          seen.set(set.name, now);
          return [set.name, { header: set.header, members: new Map(), whole: now.whole }] as const;
        }),
      );
      return new Map(sets);
    },
  };
}
