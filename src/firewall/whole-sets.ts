/**
 * The sets of permitted countries. Their members are read when the process first sees them, unless it has filled them
 * itself; after that their number tells whether they are still what they were.
 */
import { createHash } from 'node:crypto';
import type { Run } from '../ports';
import type { KernelSet, Whole } from './kernel-state';
import { isWholeSet } from './names';
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

async function readWhole(name: string, run: Run): Promise<Whole> {
  const saved = await run('ipset', ['save', name], { timeoutMs: 60_000 });
  const added = `add ${name} `;
  const members = saved.split('\n').flatMap((line) => (line.startsWith(added) ? [line.slice(added.length)] : []));
  // All others the kernel writes as we do; to read each of them again would take seconds.
  const texts = members.map((text) => (text.startsWith('::') ? canonicalMember(text) : text));
  return { count: texts.length, stamp: stampOf(texts.sort()) };
}

function stampOf(networks: readonly string[]): string {
  return createHash('sha256').update(networks.join('\n')).digest('hex');
}

export function wholeSets(): WholeSets {
  const seen = new Map<string, Whole>();
  return {
    forget: () => seen.clear(),
    async read(listing, run, filled) {
      const wholes = listing.filter(({ name }) => isWholeSet(name));
      const sets = await Promise.all(
        wholes.map(async ({ name, header, count }) => {
          const before = seen.get(name) ?? filled.get(name)?.whole;
          const whole = before?.count === count ? before : await readWhole(name, run);
          seen.set(name, whole);
          return [name, { header, members: new Map(), whole }] as const;
        }),
      );
      return new Map(sets);
    },
  };
}
