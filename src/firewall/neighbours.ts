/** What of others' rules may drop what we accept, or accept before we are asked. */
import type { Neighbour } from '../domain/firewall';
import type { Family } from '../domain/network';
import type { Run } from '../ports';
import { FAMILIES, HOOK } from './names';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** Changes nothing. Rejects with COMMAND_FAILED, also when `nft` is not installed. */
export async function readNeighbours(run: Run): Promise<readonly Neighbour[]> {
  const ahead = await Promise.all(FAMILIES.map((family) => acceptedAheadOfUs(family, run)));
  return [...(await droppingChains(run)), ...ahead.flat()];
}

/** Base chains on the way in, other than the one that we are hooked into, that hold anything that could drop. */
async function droppingChains(run: Run): Promise<readonly Neighbour[]> {
  const listed = JSON.parse(await run('nft', ['-j', 'list', 'chains'])) as { nftables: readonly { chain?: Chain }[] };
  const inputs = listed.nftables.flatMap(({ chain }) => (chain?.hook === 'input' && !isOurBase(chain) ? [chain] : []));
  const found = await Promise.all(
    inputs.map(async (chain) => {
      const text = await run('nft', ['list', 'chain', chain.family, chain.table, chain.name]);
      return chain.policy === 'drop' || /\b(drop|reject|jump|goto|xt target|queue)\b/i.test(text) ? [chain] : [];
    }),
  );
  return found.flat().flatMap((chain) => familiesOf(chain).map((family) => ({ family, text: describe(chain) })));
}

function isOurBase({ family, table, name }: Chain): boolean {
  return (family === 'ip' || family === 'ip6') && table === 'filter' && name === 'INPUT';
}

function familiesOf({ family }: Chain): readonly Family[] {
  if (family === 'inet') return FAMILIES;
  return family === 'ip' ? [4] : family === 'ip6' ? [6] : [];
}

function describe({ family, table, name, policy }: Chain): string {
  return `chain ${name} of table ${family} ${table}${policy === 'drop' ? ' (policy drop)' : ''} may still drop what is open`;
}

async function acceptedAheadOfUs(family: Family, run: Run): Promise<readonly Neighbour[]> {
  const rules = (await run(family === 4 ? 'iptables' : 'ip6tables', ['-S', 'INPUT'])).split('\n');
  const hook = rules.indexOf(HOOK);
  return rules
    .slice(0, hook < 0 ? 0 : hook)
    .filter((rule) => / -j ACCEPT$/.test(rule))
    .map((rule) => ({ family, text: `${rule} comes before our chain` }));
}
