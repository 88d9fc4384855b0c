/** Rules of iptables-legacy beside ours: both see each packet, and neither tool shows the other's. */
import type { LegacyTables, Neighbour } from '../domain/firewall';
import type { Family } from '../domain/network';
import { AppError } from '../errors';
import type { Run } from '../ports';
import { FAMILIES } from './names';

/** A family is left out when its tables are not ours to read: they are root's alone. Changes nothing. */
export async function readLegacyTables(run: Run): Promise<LegacyTables> {
  const found = await Promise.all(FAMILIES.map(async (family) => [family, await namesOf(family, run)] as const));
  return Object.fromEntries(found.filter(([, names]) => names !== undefined));
}

async function namesOf(family: Family, run: Run): Promise<readonly string[] | undefined> {
  const file = `/proc/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`;
  try {
    return (await run('cat', [file])).split('\n').filter((name) => name !== '');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.what.includes('No such file') ? [] : undefined; // its module is not loaded
  }
}

export function legacyNeighbours(tables: LegacyTables): readonly Neighbour[] {
  return FAMILIES.flatMap((family) => {
    const text = textOf(tables[family], `${family === 4 ? 'iptables' : 'ip6tables'}-legacy-save`);
    return text === undefined ? [] : [{ family, text }];
  });
}

function textOf(names: readonly string[] | undefined, tool: string): string | undefined {
  if (!names) return `tables of iptables-legacy may be in use beside ours: only root can tell, see ${tool}`;
  if (names.length === 0) return undefined;
  return `tables of iptables-legacy are in use beside ours (${names.join(', ')}): their rules decide as well, see ${tool}`;
}
