/** What a reboot brings back: a base of everything, and behind it each change as it is acknowledged. */
import type { Change, Elements, Policy } from '../domain/firewall';
import { familyOf } from '../domain/network';
import { forEachInTurn } from '../domain/others-first';
import { AppError } from '../errors';
import type { Clock, Log } from '../ports';
import { addLine, atLine, baseText, countriesText, deleteLine, headText } from './boot-text';
import { desiredState } from './desired-state';
import { changedEnds, type ChangedEnds } from './changed-ends';
import type { KernelSet, Whole } from './kernel-state';
import { endsByFamily, type Ends } from './live-members';
import { FAMILIES, kernelNetworks, setName } from './names';

/** Where the saved state lies. Everything is on disk when a promise resolves; a rejection has left what was there. */
export interface Saved {
  /** Replaces all of it when `ready` resolves; everything else is done before, and nothing is replaced when it rejects. */
  base(pieces: Iterable<string>, ready?: Promise<void>): Promise<void>;
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
  /**
   * What the kernel holds when `held` resolves; a trial is not part of it. It is written aside before that. Rejects with
   * FIREWALL_FAILED, or as `held` does: then what was kept still is.
   */
  keep(policy: Policy, elements: Elements, held?: Promise<unknown>): Promise<void>;
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
  readonly members: ReadonlyMap<string, ChangedEnds>;
}

/** One call at a time. */
export function openBootState(ports: Ports): BootState {
  const { saved, savedCountries = NOWHERE, clock, log, mostMembers, mostLines = 10_000 } = ports;
  /** What is in their file; undefined: nobody has looked at it since the start, or it could not be written. */
  let countries: Wholes | undefined;
  let known: Known | undefined;
  let isDamaged = false;
  let linesBehind = 0;

  async function writeBase({ head, members }: Known, ready?: Promise<void>): Promise<void> {
    isDamaged = true;
    await saved.base(baseText(head, members, clock.now()), ready);
    isDamaged = false;
    linesBehind = 0;
  }

  /** Before the rules that name its sets; without the file those stay empty. */
  async function keepCountries(wholes: Wholes): Promise<void> {
    if (countries && sameNetworks(countries, wholes)) return;
    countries = undefined;
    await (wholes.size > 0 ? savedCountries.base(countriesText(wholes)) : savedCountries.remove());
    countries = wholes;
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
    if (!known || linesBehind <= mostLines) return;
    if (linesBehind <= [...known.members.values()].reduce((sum, its) => sum + sizeOf(its), 0)) return;
    await writeBase(known).catch((error: unknown) => {
      log('boot state not folded', { error: String(error) });
      isDamaged = false;
      linesBehind = 0;
    });
  }

  return {
    async keep(policy, elements, held = Promise.resolve()) {
      const next = knownOf(policy, elements, clock.now(), mostMembers);
      const isSame = known?.head === next.head && (await sameMembers(known.members, next.members));
      const [before, wasDamaged] = [known, isDamaged];
      const ready = held.then(async () => {
        known = next;
        await keepCountries(next.wholes);
      });
      // Even then: its time tells a later boot whether the clock can be believed.
      const written = isSame ? ready.then(() => append([])) : writeBase(next, ready);
      await Promise.allSettled([ready, written]);
      if (known === before) isDamaged = wasDamaged; // it is not held, and nothing was replaced
      await written.catch(notWritten);
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
      countries = undefined;
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
  const members = new Map([...state.sets.keys()].map((name) => [name, changedEnds(new Map())]));
  for (const family of FAMILIES) {
    const trust = setName('trust', family);
    const trusted = [...(state.sets.get(trust)?.members ?? [])].map(([member]) => [member, 'forever'] as const);
    members.set(trust, changedEnds(new Map(trusted)));
  }
  for (const [set, networks] of elements) {
    if (!isSaved(set)) continue;
    const ends = endsByFamily(networks);
    for (const family of FAMILIES) {
      const name = setName(set, family);
      const its = ends[family];
      if (members.has(name)) members.set(name, changedEnds(set === 'block' ? fitting(its, state.sets.get(name)) : its));
    }
  }
  const wholes = [...state.sets].flatMap(([name, { whole }]) => (whole ? [[name, whole] as const] : []));
  return { head: headText(state), members, wholes: new Map(wholes) };
}

function fitting(ends: Ends, set: KernelSet | undefined): Ends {
  return new Map([...ends].filter(([member]) => set?.members.has(member)));
}

function take({ set, network, until }: Change, members: Known['members'] | undefined, now: Date) {
  const name = setName(set, familyOf(network));
  const its = members?.get(name);
  const isGone = until === undefined || (until !== 'forever' && until.getTime() <= now.getTime());
  const each = kernelNetworks(network).map((member) => {
    const before = its?.get(member);
    its?.set(member, isGone ? undefined : until);
    const undo = () => its?.set(member, before);
    return { line: isGone ? deleteLine(name, member) : addLine(name, member, until), undo };
  });
  return { lines: each.map(({ line }) => line), undo: () => each.forEach(({ undo }) => undo()) };
}

/** `a` and `b` are of the same sets. */
async function sameMembers(a: Known['members'], b: Known['members']): Promise<boolean> {
  for (const [set, its] of a) {
    const others = b.get(set) ?? changedEnds(new Map());
    let [count, same] = [0, 0];
    await forEachInTurn(its, ([member, until]) => {
      count++;
      if (until.valueOf() === others.get(member)?.valueOf()) same++;
    });
    if (same !== count || count !== sizeOf(others)) return false;
  }
  return true;
}

/** They are never changed in place. */
function sameNetworks(a: Wholes, b: Wholes): boolean {
  return a.size === b.size && [...a].every(([name, { networks }]) => networks === b.get(name)?.networks);
}

function sizeOf(ends: Ends): number {
  let size = 0;
  ends.forEach(() => {
    size++;
  });
  return size;
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
