/** What a reboot brings back: a base of everything, and behind it each change as it is acknowledged. */
import type { Until } from '../domain/entry';
import type { Change, Elements, Policy } from '../domain/firewall';
import { familyOf, type Network } from '../domain/network';
import { AppError } from '../errors';
import type { Clock, Log } from '../ports';
import { addLine, atLine, baseText, countriesText, deleteLine, headText } from './boot-text';
import { desiredState } from './desired-state';
import type { Whole } from './kernel-state';
import { FAMILIES, kernelNetworks, setName } from './names';

/** Where the saved state lies. Everything is on disk when a promise resolves; a rejection has left what was there. */
export interface Saved {
  /** Replaces all of it. */
  base(text: string): Promise<void>;
  /** Lines behind it. Rejects when there is no base. */
  append(lines: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

export type SavedWhole = Pick<Saved, 'base' | 'remove'>;

/** For a firewall that no reboot brings back. */
export const NOWHERE: Saved = {
  base: () => Promise.resolve(),
  append: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

export interface BootState {
  /** After the kernel was made to hold this; a trial is not part of it. Rejects with FIREWALL_FAILED. */
  keep(policy: Policy, elements: Elements): Promise<void>;
  /** Takes changes in, to be written; `undo` takes them out again when that fails. */
  remember(changes: readonly Change[]): Remembered;
  /** Resolves when the lines are on disk. Rejects with FIREWALL_FAILED. */
  write(lines: readonly string[]): Promise<void>;
  /** Makes a new base when many lines have come behind the old one. Never rejects. */
  fold(): Promise<void>;
  /** Nothing is to come back. Rejects with FIREWALL_FAILED. */
  remove(): Promise<void>;
}

type Wholes = ReadonlyMap<string, Whole>;

interface Remembered {
  readonly lines: readonly string[];
  undo(): void;
}

interface Ports {
  readonly saved: Saved;
  /** The permitted countries, in a file of their own. */
  readonly savedCountries?: SavedWhole;
  readonly clock: Clock;
  readonly log: Log;
  readonly mostMembers: number;
  /** So many lines behind a base, or as many as it has members if they are more, are folded into a new one. */
  readonly mostLines?: number;
}

/** Undefined in a command that changes members without having applied a policy: it only adds lines. */
interface Known {
  readonly head: string;
  readonly members: Map<string, Map<string, Until>>;
}

/** No file, or one that nobody has looked at since the start. */
const NEVER_WRITTEN = 'never written';

/** One call at a time. */
export function openBootState(ports: Ports): BootState {
  const { saved, savedCountries = NOWHERE, clock, log, mostMembers, mostLines = 10_000 } = ports;
  let countries = NEVER_WRITTEN;
  let known: Known | undefined;
  let isDamaged = false;
  let linesBehind = 0;

  async function writeBase({ head, members }: Known): Promise<void> {
    isDamaged = true;
    await saved.base(baseText(head, members, clock.now()));
    isDamaged = false;
    linesBehind = 0;
  }

  /** Before the rules that name its sets; without the file those stay empty. */
  async function keepCountries(wholes: Wholes): Promise<void> {
    const stamp = [...wholes].map(([name, whole]) => `${name} ${whole.stamp}`).join();
    if (stamp === countries) return;
    countries = NEVER_WRITTEN;
    await (wholes.size > 0 ? savedCountries.base(countriesText(wholes)) : savedCountries.remove());
    countries = stamp;
  }

  async function append(lines: readonly string[]): Promise<void> {
    try {
      if (isDamaged) throw new Error('lines are missing in it');
      await saved.append([atLine(clock.now()), ...lines]);
      linesBehind += lines.length + 1;
    } catch (error) {
      if (!known) throw error;
      log('boot state written anew', { error: String(error) });
      await writeBase(known);
    }
  }

  /** What is on disk holds all of it already, so a fault here costs nothing but room. */
  async function fold(): Promise<void> {
    const most = Math.max(mostLines, known ? sizeOf(known.members) : 0);
    if (!known || linesBehind <= most) return;
    await writeBase(known).catch((error: unknown) => {
      log('boot state not folded', { error: String(error) });
      isDamaged = false;
      linesBehind = 0;
    });
  }

  return {
    async keep(policy, elements) {
      const next = knownOf(policy, elements, clock.now(), mostMembers);
      const isSame = known !== undefined && known.head === next.head && sameMembers(known.members, next.members);
      known = next;
      await keepCountries(next.wholes).catch(notWritten);
      // Even then: its time tells a later boot whether the clock can be believed.
      await (isSame ? append([]) : writeBase(next)).catch(notWritten);
    },
    remember(changes) {
      const each = changes.filter(({ set }) => isSaved(set)).map((change) => take(change, known?.members, clock.now()));
      return { lines: each.flatMap(({ lines }) => lines), undo: () => each.reverse().forEach(({ undo }) => undo()) };
    },
    async write(lines) {
      if (lines.length > 0) await append(lines).catch(notWritten);
    },
    fold,
    async remove() {
      known = undefined;
      countries = NEVER_WRITTEN;
      await saved.remove().catch(notWritten);
      await savedCountries.remove().catch(notWritten);
    },
  };
}

/** No connection survives a reboot, so nobody is remembered for one. */
function isSaved(set: string): boolean {
  return set !== 'was';
}

function knownOf(
  policy: Policy,
  elements: Elements,
  now: Date,
  mostMembers: number,
): Known & { readonly wholes: Wholes } {
  const blocks = new Map([...elements].filter(([set]) => set === 'block')); // these alone may not all fit
  const state = desiredState({ ...policy, trial: undefined }, blocks, now, mostMembers);
  const members = new Map([...state.sets.keys()].map((name) => [name, new Map<string, Until>()]));
  for (const family of FAMILIES) {
    const trust = setName('trust', family);
    for (const member of state.sets.get(trust)?.members.keys() ?? []) members.get(trust)?.set(member, 'forever');
    for (const [set, networks] of elements) {
      const its = members.get(setName(set, family));
      const fitting = set === 'block' ? state.sets.get(setName(set, family))?.members : undefined;
      if (!its || !isSaved(set)) continue;
      for (const [network, until] of networks) {
        if (familyOf(network) !== family) continue;
        for (const member of halvesOf(network)) if (fitting?.has(member) ?? true) its.set(member, until);
      }
    }
  }
  const wholes = [...state.sets].flatMap(([name, { whole }]) => (whole ? [[name, whole] as const] : []));
  return { head: headText(state), members, wholes: new Map(wholes) };
}

/** `kernelNetworks` has looked at each of them when they were applied; a second time costs a second in 300,000. */
function halvesOf(network: Network): readonly string[] {
  return network.endsWith('/0') ? kernelNetworks(network) : [network];
}

function take({ set, network, until }: Change, members: Known['members'] | undefined, now: Date) {
  const name = setName(set, familyOf(network));
  const its = members?.get(name);
  const isGone = until === undefined || (until !== 'forever' && until.getTime() <= now.getTime());
  const each = kernelNetworks(network).map((member) => {
    const before = its?.get(member);
    if (isGone) its?.delete(member);
    else its?.set(member, until);
    const undo = () => {
      if (before === undefined) its?.delete(member);
      else its?.set(member, before);
    };
    return { line: isGone ? deleteLine(name, member) : addLine(name, member, until), undo };
  });
  return { lines: each.map(({ line }) => line), undo: () => each.forEach(({ undo }) => undo()) };
}

function sameMembers(a: Known['members'], b: Known['members']): boolean {
  const same = (x: Until, y: Until | undefined) => x.valueOf() === y?.valueOf();
  return [...a].every(([set, its]) => {
    const others = b.get(set);
    return others?.size === its.size && [...its].every(([member, until]) => same(until, others.get(member)));
  });
}

function sizeOf(members: Known['members']): number {
  return [...members.values()].reduce((sum, its) => sum + its.size, 0);
}

function notWritten(error: unknown): never {
  const what = error instanceof Error ? error.message : String(error);
  throw new AppError(
    'FIREWALL_FAILED',
    `what a reboot is to bring back could not be written: ${what}`,
    'is the disk full? then run "tollgate firewall apply"',
    error,
  );
}
