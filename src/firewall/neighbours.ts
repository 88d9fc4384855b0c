/** What of others' rules may drop what we accept, accept before we are asked, or let the world in without us. */
import type { LegacyTables, Neighbour } from '../domain/firewall';
import type { Family } from '../domain/network';
import { printable } from '../domain/printable';
import type { Ports } from '../domain/service';
import { AppError, fromTool } from '../errors';
import type { Run } from '../ports';
import { legacyNeighbours, readLegacyTables } from './legacy-tables';
import { FAMILIES, HOOK, isOurChain } from './names';
import { opensOneOf } from './opening-rules';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** On its way to us a packet passes these hooks, whatever their priority: a drop in any of them is final. */
const ON_THE_WAY = ['ingress', 'prerouting', 'input'];

/**
 * `guarded`: ports that nobody else's rule should open. `told`: what somebody who may read them says of iptables-legacy.
 * Changes nothing. Rejects with COMMAND_FAILED.
 */
export async function readNeighbours(
  run: Run,
  guarded: readonly Ports[],
  told: LegacyTables,
): Promise<readonly Neighbour[]> {
  const rules = await Promise.all(FAMILIES.map((family) => inputRules(family, guarded, run)));
  const dropping = await droppingChains(run).catch(withoutNft);
  const found = [...dropping, ...rules.flat(), ...legacyNeighbours({ ...told, ...(await readLegacyTables(run)) })];
  return found.map(({ family, text }) => ({ family, text: printable(text) })); // names of chains are others' text
}

/** Not every machine with iptables has it. */
function withoutNft(error: unknown): readonly Neighbour[] {
  if (!(error instanceof AppError && error.what.includes('ENOENT'))) throw error;
  const text = 'nft is not installed, so what other tables may drop is not seen (apt-get install nftables)';
  return FAMILIES.map((family) => ({ family, text }));
}

/** What a chain may end a packet's way with. A named map of verdicts holds what nobody has listed here. */
const MAY_DROP = /\b(?:drop|reject|jump|goto|xt target|queue)\b|\bvmap @/i;

/** Base chains on the way in, other than the one that we are hooked into, that hold anything that could drop. */
async function droppingChains(run: Run): Promise<readonly Neighbour[]> {
  const listed = await run('nft', ['-j', 'list', 'chains']);
  const bases = fromTool('nft', () => {
    const { nftables } = JSON.parse(listed) as { readonly nftables: readonly { readonly chain?: Chain }[] };
    return nftables.flatMap(({ chain }) => (chain && mayDrop(chain) ? [chain] : []));
  });
  const found = await Promise.all(
    bases.map(async (chain) => {
      const text = await run('nft', ['list', 'chain', chain.family, chain.table, chain.name]);
      return chain.policy === 'drop' || MAY_DROP.test(text) ? [chain] : [];
    }),
  );
  return found.flat().flatMap((chain) => familiesOf(chain).map((family) => ({ family, text: describe(chain) })));
}

function mayDrop({ hook = '', type, family, table, name }: Chain): boolean {
  const isOurBase = (family === 'ip' || family === 'ip6') && table === 'filter' && name === 'INPUT';
  return ON_THE_WAY.includes(hook) && type !== 'nat' && !isOurBase; // where addresses are translated nothing is dropped
}

function familiesOf({ family }: Chain): readonly Family[] {
  if (family === 'inet' || family === 'netdev') return FAMILIES;
  return family === 'ip' ? [4] : family === 'ip6' ? [6] : [];
}

function describe({ family, table, name, policy }: Chain): string {
  return `chain ${name} of table ${family} ${table}${policy === 'drop' ? ' (policy drop)' : ''} may still drop what is open`;
}

/** Targets that let a packet go on to the next rule. */
const GOES_ON = /^(LOG|NFLOG|MARK|CONNMARK|SET|TCPMSS|TRACE|AUDIT)$/;

async function inputRules(family: Family, guarded: readonly Ports[], run: Run): Promise<readonly Neighbour[]> {
  const rules = (await run(family === 4 ? 'iptables' : 'ip6tables', ['-S'])).split('\n');
  const input = rules.filter((rule) => rule.startsWith('-A INPUT '));
  const ahead = input.slice(0, Math.max(0, input.indexOf(HOOK)));
  const others = rules.filter((rule) => !isOurChain(/^-A (\S+)/.exec(rule)?.[1] ?? '') && !ahead.includes(rule));
  return [
    ...ahead.flatMap((rule) => aheadText(rule) ?? []),
    ...others.filter((rule) => opensOneOf(rule, guarded)).map((rule) => `${rule} would open a guarded port without us`),
  ].map((text) => ({ family, text }));
}

/** Undefined: it decides nothing. */
function aheadText(rule: string): string | undefined {
  const target = / -[jg] (\S+)/.exec(rule)?.[1];
  if (target === undefined || GOES_ON.test(target)) return undefined;
  return target === 'ACCEPT' || /^[A-Z]+$/.test(target)
    ? `${rule} comes before our chain`
    : `${rule} comes before our chain, and what ${target} decides never reaches it`;
}
