/** Reads what the kernel holds of ours from the words of `ipset save` and `iptables-save`. */
import { AppError } from '../errors';
import type { Run } from '../ports';
import type { KernelSet, KernelState, Ruleset } from './kernel-state';
import { canonicalMember, endOf, listedMembers } from './listed-members';
import type { ListedSet, WholeSets } from './whole-sets';
import { DISPATCHER, HOOK, isOurChain, isOurSet, isWholeSet } from './names';
import type { Left } from './time-left';

/** Rejects with COMMAND_FAILED when a tool does, with FIREWALL_FAILED on iptables-legacy. */
export async function readKernel(run: Run, wholes: WholeSets, filled?: Filled): Promise<KernelState> {
  const [sets, rules] = await Promise.all([readSets(run, wholes, filled), readRules(run)]);
  return { sets, rules };
}

/** Our sets. Rejects as `readKernel` does. `filled`: see `Filled`. */
export async function readSets(
  run: Run,
  wholes: WholeSets,
  filled: Filled = NONE,
): Promise<ReadonlyMap<string, KernelSet>> {
  const listing = await listSets(run);
  const asFilled = new Map(listing.flatMap((listed) => setAsFilled(listed, filled) ?? []));
  const others = listing.filter(({ name }) => !asFilled.has(name));
  const [saved, whole] = await Promise.all([saveMembers(others, run, listing), wholes.read(others, run, filled)]);
  return new Map([...asFilled, ...parseSets(saved), ...whole]);
}

/**
 * Sets that were empty when they were filled with these members, and the kernel has acknowledged every one. Such a set
 * holds nothing else, and when it has as many it holds all: that is read back, not hundreds of thousands of lines.
 */
export type Filled = ReadonlyMap<string, KernelSet>;
const NONE: Filled = new Map();

function setAsFilled({ name, header, count }: ListedSet, filled: Filled): [string, KernelSet][] | undefined {
  const set = filled.get(name);
  return set?.header === header && !set.whole && set.members.size === count ? [[name, set]] : undefined;
}

/** `ipset save` of these sets but those that nobody reads member by member. `all` that there are: then one will do. */
export async function saveMembers(some: readonly ListedSet[], run: Run, all = some): Promise<string> {
  const names = some.map(({ name }) => name).filter((name) => !isWholeSet(name));
  if (names.length === all.length) return run('ipset', ['save'], { timeoutMs: 60_000 });
  const saved = await Promise.all(names.map((name) => saveIfThere(name, run)));
  return saved.join('\n');
}

/** A set under another name is there for a moment only. */
async function saveIfThere(name: string, run: Run): Promise<string> {
  return run('ipset', ['save', name], { timeoutMs: 60_000 }).catch((error: unknown) => {
    if (name.startsWith('tg-~') && error instanceof AppError && error.what.includes('does not exist')) return '';
    throw error;
  });
}

/** The rules alone. Rejects as `readKernel` does. */
export async function readRules(run: Run): Promise<KernelState['rules']> {
  const [rules4, rules6] = await Promise.all([
    run('iptables-save', ['-t', 'filter']),
    run('ip6tables-save', ['-t', 'filter']),
  ]);
  return { 4: parseRules(rules4), 6: parseRules(rules6) };
}

/** Our sets, and how many members they have as the kernel counts them. */
export async function listSets(run: Run): Promise<readonly ListedSet[]> {
  return setsIn(await run('ipset', ['list', '-terse']));
}

/** As `ipset list -terse` tells them. */
export function setsIn(terse: string): readonly ListedSet[] {
  const sets: ListedSet[] = [];
  let [name, type, header] = ['', '', ''];
  for (const line of terse.split('\n')) {
    const [, key, value = ''] = /^(Name|Type|Header|Number of entries): (.*)$/.exec(line) ?? [];
    if (key === 'Name') name = value;
    if (key === 'Type') type = value;
    if (key === 'Header') header = headerOf(`${type} ${value}`);
    if (key === 'Number of entries' && isOurSet(name)) sets.push({ name, header, count: Number(value) });
  }
  return sets;
}

/** One line of `ipset save` that adds to a set of ours. */
export interface SavedMember {
  readonly name: string;
  /** In canonical form; with `,device` where the set has one. */
  readonly member: string;
  readonly left: Left;
  readonly packets: number;
}

export function parseSets(saved: string): ReadonlyMap<string, KernelSet> {
  const sets = new Map<string, KernelSet>();
  for (let from = 0, next = 0; from < saved.length; from = next) {
    next = endOf(saved, '\ncreate ', from) + 1; // a set's members come after its header
    const to = Math.min(endOf(saved, '\n', from), next);
    const [, name = '', options = ''] = /^create (\S+) (.*)$/.exec(saved.slice(from, to)) ?? [];
    if (isOurSet(name))
      sets.set(name, { header: headerOf(options), members: listedMembers(saved.slice(to, next), name) });
  }
  return sets;
}

export function savedMembers(saved: string): readonly SavedMember[] {
  return saved.split('\n').flatMap((line) => readMember(line) ?? []);
}

function readMember(line: string): SavedMember | undefined {
  const [, name = '', member = '', timeout, packets] =
    /^add (\S+) (\S+)(?: timeout (\d+))?(?: packets (\d+))?/.exec(line) ?? [];
  if (!isOurSet(name)) return undefined;
  const seconds = Number(timeout ?? 0);
  const left = seconds === 0 ? 'forever' : seconds;
  return { name, member: canonicalMember(member), left, packets: Number(packets ?? 0) };
}

/** Without what the kernel chooses by itself and changes as a set grows. */
function headerOf(options: string): string {
  return options.replace(/ (hashsize|bucketsize|initval) \S+/g, '');
}

export function parseRules(saved: string): Ruleset {
  refuseLegacy(saved);
  const chains = new Map<string, string[]>();
  const leads: string[] = [];
  const input: string[] = [];
  for (const line of saved.split('\n')) {
    const declared = /^:(\S+) /.exec(line)?.[1];
    if (declared !== undefined && isOurChain(declared)) chains.set(declared, []);
    const chain = /^-A (\S+)/.exec(line)?.[1];
    if (chain === undefined) continue;
    if (chain === 'INPUT') input.push(line);
    if (isOurChain(chain)) chains.get(chain)?.push(line);
    else if (line !== HOOK && leadsToUs(line)) leads.push(line);
  }
  const hooks = input.flatMap((line, i) => (line === HOOK ? [i + 1] : []));
  return { chains, hooks, leads };
}

function leadsToUs(rule: string): boolean {
  return isOurChain(/ -[jg] (\S+)$/.exec(rule)?.[1] ?? '');
}

/** Its rules and those of iptables-nft do not see each other, and it locks a file that only root may. */
function refuseLegacy(saved: string): void {
  const [first = ''] = saved.split('\n', 1);
  if (!first.startsWith('# Generated') || first.includes('(nf_tables)')) return;
  throw new AppError(
    'FIREWALL_FAILED',
    `this machine uses iptables-legacy, beside which ${DISPATCHER} cannot work`,
    'run "update-alternatives --set iptables /usr/sbin/iptables-nft" and the same for ip6tables, then try again',
  );
}
