/** What has to be sent to make the kernel hold one state instead of another. Nothing but text; no effect. */
import type { Family } from '../domain/network';
import type { KernelSet, KernelState, Ruleset } from './kernel-state';
import { HOOK, isWholeSet, otherName } from './names';
import { isNear, timeoutOf } from './time-left';

/** In the order in which they are sent; all empty: nothing to do. */
export interface Batch {
  /** Sets that rules will name, still empty. */
  readonly create: readonly string[];
  /** Members: what is new before what is gone, never a flush. */
  readonly elements: readonly string[];
  /** For `iptables-restore --noflush` and `ip6tables-restore --noflush`. */
  readonly rules: Readonly<Record<Family, readonly string[]>>;
  /** Sets that no rule names any more. */
  readonly destroy: readonly string[];
}

export function planFirewall(want: KernelState, have: KernelState): Batch {
  const sets = [...want.sets].map(([name, set]) => planSet(name, set, have));
  return {
    create: sets.flatMap(({ create }) => create),
    elements: sets.flatMap(({ elements }) => elements),
    rules: { 4: planRules(want.rules[4], have.rules[4]), 6: planRules(want.rules[6], have.rules[6]) },
    destroy: [...have.sets.keys()].filter((name) => !want.sets.has(name)).map((name) => `destroy ${name}`),
  };
}

/** The batch as a person reads it, and as the tools would take it. */
export function batchLines({ create, elements, rules, destroy }: Batch): readonly string[] {
  const titled = (title: string, lines: readonly string[]) => (lines.length > 0 ? [`# ${title}`, ...lines] : []);
  return [
    ...titled('ipset restore', [...create, ...elements.flatMap(readable)]),
    ...titled('iptables-restore --noflush', rules[4]),
    ...titled('ip6tables-restore --noflush', rules[6]),
    ...titled('ipset restore', destroy),
  ];
}

/** Nobody reads hundreds of thousands of lines of one set: the first one stands for all. */
function readable(line: string, at: number, lines: readonly string[]): readonly string[] {
  const set = wholeSetIn(line);
  if (set === undefined) return [line];
  return set === wholeSetIn(lines[at - 1] ?? '') ? [] : [`${line} # and all other networks of permitted countries`];
}

function wholeSetIn(line: string): string | undefined {
  const [verb, set = ''] = line.split(' ', 2);
  return verb === 'add' && isWholeSet(set) ? set : undefined;
}

function planSet(name: string, want: KernelSet, have: KernelState): { create: string[]; elements: string[] } {
  const set = have.sets.get(name);
  if (!set) return { create: [`create ${name} ${want.header}${roomFor(want)}`], elements: planMembers(name, want) };
  const isKept = set.header === want.header && !isExchanged(want, set);
  if (isKept) return { create: [], elements: planMembers(name, want, set) };
  // Rules hold the set, so it is filled under another name and swapped: no packet sees it empty.
  const other = otherName(name);
  const leftover = have.sets.has(other) ? [`destroy ${other}`] : [];
  return {
    create: [],
    elements: [
      ...leftover,
      `create ${other} ${want.header}${roomFor(want)}`,
      ...planMembers(other, want),
      `swap ${name} ${other}`,
      ...(have.sets.has(other) ? [] : [`destroy ${other}`]),
    ],
  };
}

/** Does it hold other networks than it should? What it had before nobody has any more: then it stays as it is. */
export function isExchanged({ whole }: KernelSet, have: KernelSet | undefined): boolean {
  return whole?.networks !== undefined && whole.stamp !== have?.whole?.stamp;
}

/** A kernel that knows how many will come need not make its table larger again and again: a third less time. */
function roomFor({ members, whole }: KernelSet): string {
  const count = whole?.count ?? members.size;
  return count > MANY ? ` hashsize ${2 ** Math.floor(Math.log2(count))}` : '';
}

const MANY = 10_000;

function planMembers(name: string, want: KernelSet, have?: KernelSet): string[] {
  if (want.whole) return have ? [] : (want.whole.networks ?? []).map((network) => `add ${name} ${network}`);
  const timed = / timeout /.test(want.header);
  const lines: string[] = [];
  for (const [member, left] of want.members) {
    const now = have?.members.get(member);
    if (now !== undefined && isNear(left, now)) continue;
    lines.push(`add ${name} ${member}${timed ? ` timeout ${timeoutOf(left)}` : ''}`);
  }
  for (const member of have?.members.keys() ?? []) {
    if (!want.members.has(member)) lines.push(`del ${name} ${member}`);
  }
  return lines;
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
