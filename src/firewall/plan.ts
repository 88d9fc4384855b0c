/** What has to be sent to make the kernel hold one state instead of another. Nothing but text; no effect. */
import type { Family } from '../domain/network';
import { forEachInTurn } from '../domain/others-first';
import type { KernelSet, KernelState, Members, Ruleset } from './kernel-state';
import { HOOK, otherName } from './names';
import { sideBySide } from './side-by-side';
import { isNear, timeoutOf, type Left } from './time-left';

/** In the order in which they are sent; all empty: nothing to do. */
export interface Batch {
  /** Sets that rules will name, still empty. */
  readonly create: readonly string[];
  /** Members, set by set: what is new before what is gone, never a flush. */
  readonly elements: readonly SetChange[];
  /** For `iptables-restore --noflush` and `ip6tables-restore --noflush`. */
  readonly rules: Readonly<Record<Family, readonly string[]>>;
  /** Sets that no rule names any more. */
  readonly destroy: readonly string[];
}

/** Of one set and the name under which it is filled; the lines of another set may be sent at the same time. */
type SetChange = readonly (string | Filling)[];

/** All members of a set that holds none yet: their lines are made as they are sent. */
interface Filling {
  readonly set: string;
  /** The name that it has in the end, when it is swapped in. */
  readonly swappedFor?: string;
  /** Sent in front of them even if the set is there: ipset asks for the kind of a set that it did not create with each line. */
  readonly create: string;
  readonly want: KernelSet;
}

/** Walks through every member; others are served meanwhile. */
export async function planFirewall(want: KernelState, have: KernelState): Promise<Batch> {
  const sets: PlannedSet[] = [];
  for (const [name, set] of want.sets) sets.push(await planSet(name, set, have));
  return {
    create: sets.flatMap(({ create }) => create),
    elements: sets.flatMap(({ change }) => (change.length > 0 ? [change] : [])),
    rules: planBothRules(want, have),
    destroy: [...have.sets.keys()].filter((name) => !want.sets.has(name)).map((name) => `destroy ${name}`),
  };
}

export function planBothRules(want: Pick<KernelState, 'rules'>, have: Pick<KernelState, 'rules'>): Batch['rules'] {
  return { 4: planRules(want.rules[4], have.rules[4]), 6: planRules(want.rules[6], have.rules[6]) };
}

/** The batch as a person reads it, and as the tools would take it. */
export function batchLines({ create, elements, rules, destroy }: Batch): readonly string[] {
  const members = elements.flat().flatMap(readable);
  const titled = (title: string, lines: readonly string[]) => (lines.length > 0 ? [`# ${title}`, ...lines] : []);
  return [
    ...titled('ipset restore', [...create, ...members.filter((line) => !create.includes(line))]),
    ...titled('iptables-restore --noflush', rules[4]),
    ...titled('ip6tables-restore --noflush', rules[6]),
    ...titled('ipset restore', destroy),
  ];
}

/**
 * The lines that are sent for one part of what changes. `late`: seconds since they were planned, asked for as each line
 * is made; leases have run on meanwhile.
 */
export function linesOf(part: string | Filling, late: () => number): Iterable<string> {
  return typeof part === 'string' ? [shortened(part, late())] : fillingLines(part, late);
}

function* fillingLines({ set, create, want }: Filling, late: () => number): Iterable<string> {
  yield create;
  for (const network of want.whole?.networks ?? []) yield `add ${set} ${network}`;
  const isTimed = hasTimes(want);
  const { keys, values } = sideBySide(want.members);
  for (let i = 0; i < keys.length; i++) {
    const [member, left] = [keys[i], values[i]];
    if (member === undefined || left === undefined) continue; // there is none such
    yield addLine(set, member, isTimed ? atLater(left, late()) : undefined);
  }
}

function shortened(line: string, seconds: number): string {
  if (seconds === 0) return line;
  return line.replace(/ timeout ([1-9]\d*)$/, (_, left) => ` timeout ${atLater(Number(left), seconds)}`);
}

/** Where there are many members: two parts that hold about as many, each set in one of them. */
export function inHalves(elements: Batch['elements']): readonly Batch['elements'][] {
  const halves = [0, 1].map(() => ({ changes: [] as SetChange[], count: 0 }));
  for (const change of elements) {
    const [lesser] = [...halves].sort((a, b) => a.count - b.count);
    lesser?.changes.push(change);
    if (lesser) lesser.count += membersIn(change);
  }
  return halves.every(({ count }) => count > MANY) ? halves.map(({ changes }) => changes) : [elements];
}

function membersIn(change: SetChange): number {
  return change.reduce((sum, part) => sum + (typeof part === 'string' ? 1 : countOf(part.want)), 0);
}

/** A second at least: 0 is the kernel's "for good". */
function atLater(left: Left, seconds: number): Left {
  return left === 'forever' ? left : Math.max(1, left - seconds);
}

/** `left` undefined: a set without times. */
function addLine(set: string, member: string, left: Left | undefined): string {
  return `add ${set} ${member}${left === undefined ? '' : ` timeout ${timeoutOf(left)}`}`;
}

/** Nobody reads hundreds of thousands of lines of one set: the first one stands for all. */
function readable(part: string | Filling): readonly string[] {
  if (typeof part === 'string') return [part];
  const lines = fillingLines(part, () => 0);
  const count = countOf(part.want);
  if (count <= MOST_READ) return [...lines];
  const [create = '', first = ''] = lines;
  return [create, `${first} # and ${count - 1} more`];
}

const MOST_READ = 1_000;

interface PlannedSet {
  readonly create: readonly string[];
  readonly change: SetChange;
}

async function planSet(name: string, want: KernelSet, have: KernelState): Promise<PlannedSet> {
  const set = have.sets.get(name);
  if (set === want) return { create: [], change: [] };
  const filling = fillingOf(name, want);
  if (!set) return { create: [filling.create], change: [filling] };
  const isKept = set.header === want.header && !isExchanged(want, set);
  if (isKept) return { create: [], change: await planMembers(name, want, set.members) };
  // Rules hold the set, so it is filled under another name and swapped: no packet sees it empty.
  const other = otherName(name);
  const leftover = have.sets.has(other) ? [`destroy ${other}`] : [];
  return {
    create: [],
    change: [
      ...leftover,
      { ...fillingOf(other, want), swappedFor: name },
      `swap ${name} ${other}`,
      ...(have.sets.has(other) ? [] : [`destroy ${other}`]),
    ],
  };
}

/** Does it hold other networks than it should? What it had before nobody has any more: then it stays as it is. */
export function isExchanged({ whole }: KernelSet, have: KernelSet | undefined): boolean {
  if (whole?.networks === undefined || whole.networks === have?.whole?.networks) return false;
  return whole.stamp !== have?.whole?.stamp;
}

/** A kernel that knows how many will come need not make its table larger again and again: a third less time. */
function roomFor(want: KernelSet): string {
  const count = countOf(want);
  return count > MANY && want.header.startsWith('hash:') ? ` hashsize ${2 ** Math.floor(Math.log2(count))}` : '';
}

const MANY = 10_000;

function countOf({ members, whole }: KernelSet): number {
  return whole?.count ?? members.size;
}

function hasTimes({ header }: KernelSet): boolean {
  return header.includes(' timeout ');
}

function fillingOf(set: string, want: KernelSet): Filling {
  return { set, create: `create ${set} ${want.header}${roomFor(want)}`, want };
}

/** Usually all is as it should be, and what the kernel has is walked through once. */
async function planMembers(name: string, want: KernelSet, have: Members): Promise<string[]> {
  if (want.whole) return [];
  const isTimed = hasTimes(want);
  const add = (member: string, left: Left) => addLine(name, member, isTimed ? left : undefined);
  const [added, gone]: [string[], string[]] = [[], []];
  let found = 0;
  await forEachInTurn(have, ([member, now]) => {
    const left = want.members.get(member);
    if (left === undefined) gone.push(`del ${name} ${member}`);
    else {
      found++;
      if (!isNear(left, now)) added.push(add(member, left));
    }
  });
  if (found < want.members.size) {
    await forEachInTurn(want.members, ([member, left]) => {
      if (!have.has(member)) added.push(add(member, left));
    });
  }
  return [...added, ...gone];
}

/**
 * One transaction: contents and the hook's position change in one kernel generation. Declaring a chain empties it in
 * that transaction, so only chains that differ are declared, and the others keep their counters. Deleting a hook that
 * is absent fails the whole batch, hence one `-D` for each that is there.
 */
function planRules(want: Ruleset, have: Ruleset): string[] {
  const refilled = [...want.chains].filter(([name, rules]) => !sameLines(rules, have.chains.get(name)));
  const gone = [...have.chains.keys()].filter((name) => !want.chains.has(name));
  const hooks = sameLines(want.hooks, have.hooks) ? [] : moveHook(want.hooks, have.hooks);
  const leads = have.leads.filter((rule) => gone.some((chain) => leadsInto(rule, chain)));
  const body = [
    ...[...refilled.map(([name]) => name), ...gone].map((name) => `:${name} - [0:0]`),
    ...refilled.flatMap(([, rules]) => rules),
    ...hooks,
    ...leads.map((rule) => rule.replace('-A', '-D')),
    ...gone.map((name) => `-X ${name}`),
  ];
  return body.length > 0 ? ['*filter', ...body, 'COMMIT'] : [];
}

function moveHook(want: readonly number[], have: readonly number[]): string[] {
  return [...have.map(() => HOOK.replace('-A', '-D')), ...want.map((at) => HOOK.replace('-A INPUT', `-I INPUT ${at}`))];
}

/** Does this rule jump or go to that chain? */
function leadsInto(rule: string, chain: string): boolean {
  return new RegExp(` -[jg] ${chain.replaceAll('+', '\\+')}$`).test(rule);
}

function sameLines<T>(a: readonly T[], b: readonly T[] | undefined): boolean {
  return a.length === b?.length && a.every((line, i) => line === b[i]);
}
