/** Reads what the kernel holds of ours from the words of `ipset save` and `iptables-save`. */
import { AppError } from '../errors';
import type { Run } from '../ports';
import type { KernelSet, KernelState, Ruleset } from './kernel-state';
import type { ListedSet, WholeSets } from './whole-sets';
import { DISPATCHER, HOOK, isOurChain, isOurSet, isWholeSet } from './names';
import type { Left } from './time-left';
import { parseNetwork } from '../domain/network';

/** Rejects with COMMAND_FAILED when a tool does, with FIREWALL_FAILED on iptables-legacy. */
export async function readKernel(run: Run, wholes: WholeSets): Promise<KernelState> {
  const [sets, rules] = await Promise.all([readSets(run, wholes), readRules(run)]);
  return { sets, rules };
}

/** Our sets. Rejects as `readKernel` does. */
export async function readSets(run: Run, wholes: WholeSets): Promise<ReadonlyMap<string, KernelSet>> {
  const listing = await listSets(run);
  const [saved, whole] = await Promise.all([saveMembers(listing, run), wholes.read(listing, run)]);
  return new Map([...parseSets(saved), ...whole]);
}

/** `ipset save` of all our sets but those that nobody reads member by member. */
export async function saveMembers(listing: readonly ListedSet[], run: Run): Promise<string> {
  if (!listing.some(({ name }) => isWholeSet(name))) return run('ipset', ['save'], { timeoutMs: 60_000 });
  const names = listing.map(({ name }) => name).filter((name) => !isWholeSet(name));
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
  const sets: ListedSet[] = [];
  let [name, type, header] = ['', '', ''];
  for (const line of (await run('ipset', ['list', '-terse'])).split('\n')) {
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
  const sets = new Map<string, { header: string; members: Map<string, Left> }>();
  let current: { readonly added: string; readonly members: Map<string, Left> } | undefined;
  for (let from = 0, to = 0; from < saved.length; from = to + 1) {
    to = endOf(saved, '\n', from);
    // A set's members come after its header. Hundreds of thousands of them are worth a second way to read.
    if (current && saved.startsWith(current.added, from)) {
      readPlainMember(saved, from + current.added.length, to, current.members);
      continue;
    }
    const [, name = '', options = ''] = /^create (\S+) (.*)$/.exec(saved.slice(from, to)) ?? [];
    if (!isOurSet(name)) continue;
    const members = new Map<string, Left>();
    sets.set(name, { header: headerOf(options), members });
    current = { added: `add ${name} `, members };
  }
  return sets;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

/** `MEMBER[ timeout SECONDS]…`, as `readMember` reads it behind the set's name. */
function readPlainMember(saved: string, from: number, to: number, members: Map<string, Left>): void {
  const end = Math.min(endOf(saved, ' ', from), to);
  let seconds = 0;
  if (saved.startsWith(TIMEOUT, end)) {
    for (let at = end + TIMEOUT.length; at < to && isDigit(saved, at); at++) {
      seconds = seconds * 10 + saved.charCodeAt(at) - ZERO;
    }
  }
  members.set(canonicalMember(saved.slice(from, end)), seconds === 0 ? 'forever' : seconds);
}

const TIMEOUT = ' timeout ';
const ZERO = 48;

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code < ZERO + 10;
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

/** ipset writes what lies in ::/96 as `::1.2.3.4`, we as `::102:304`. */
export function canonicalMember(member: string): string {
  if (!member.startsWith('::') && !member.includes(',')) return parseNetwork(member) ?? member;
  const [network = '', ...device] = member.split(',');
  const undotted = network.replace(/^::(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `::${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  return [parseNetwork(undotted) ?? network, ...device].join();
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
