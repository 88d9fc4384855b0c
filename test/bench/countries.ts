/** What it takes to tell the kernel of the United States and Canada, by the table that Debian has of them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { openCountryData } from '../../src/country/data';
import { fetchTable } from '../../src/country/fetch';
import type { Countries, CountryData } from '../../src/domain/country';
import type { Permitted } from '../../src/domain/firewall';
import { AppError } from '../../src/errors';
import { permittedNetworks } from '../../src/gate/countries/permitted-networks';
import { makeHost, type Host } from '../../src/lab/host';
import { run } from '../../src/run';
import { firewallOn, PBX } from '../support/firewall-host';
import { alternate, times } from './rounds';
import { compared, number, told, type Row } from './row';

const ROUNDS = 3;

export async function countries(folder: string): Promise<Row[]> {
  const judged = await unitedStatesAndCanada(folder);
  const ranges = judged.permitted();
  const networks = permittedNetworks();
  const began = performance.now();
  const pause = await longestPause(() => networks.prepare(judged));
  const folding = performance.now() - began;
  const permitted = networks.of(judged);
  const many = (family: 4 | 6) => {
    const lengths = new Set(permitted[family].networks.map((one) => one.split('/')[1] ?? ''));
    return `${permitted[family].networks.length} IPv${family} networks of ${lengths.size} lengths`;
  };
  const host = await makeHost('pbx');
  try {
    return [
      told(
        `folding ${ranges.length} merged ranges of the United States and Canada`,
        `${number(folding)} ms: ${many(4)}, ${many(6)}`,
      ),
      told('the longest in which no call is answered meanwhile', `${number(pause)} ms`),
      await loading(host, permitted, permittedNetworks().of({ ...judged, permitted: () => [] })),
    ];
  } finally {
    host.close();
  }
}

/** Milliseconds in which nothing else had its turn. */
async function longestPause(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let since = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - since);
    since = performance.now();
  };
  let next = setImmediate(function turn() {
    look();
    next = setImmediate(turn);
  });
  await work();
  look();
  clearImmediate(next);
  return longest;
}

/** From a kernel without them, and from one with as many others. */
async function loading(host: Host, permitted: Permitted, nobody: Permitted): Promise<Row> {
  const { firewall } = firewallOn(host);
  const services = PBX.services.map((one) => (one.name === 'sip' ? { ...one, policy: 'countries' as const } : one));
  const apply = (some: Permitted) => firewall.apply({ ...PBX, mode: 'guard', services, permitted: some }, new Map());
  const lines = ([4, 6] as const).flatMap((family) => [
    `create bare${family} hash:net family ${family === 4 ? 'inet' : 'inet6'} maxelem 1048576`,
    ...permitted[family].networks.map((one) => `add bare${family} ${one}`),
  ]);
  const measured = await alternate(
    {
      ours: async () => {
        await apply(nobody);
        return times(1, () => apply(permitted));
      },
      bare: async () => {
        const taken = await times(1, () => host.run('ipset', ['restore'], { stdin: `${lines.join('\n')}\n` }));
        await host.run('ipset', ['destroy', 'bare4']);
        await host.run('ipset', ['destroy', 'bare6']);
        return taken;
      },
    },
    { rounds: ROUNDS, warmUp: 0 },
  );
  await firewall.close();
  return compared({
    what: 'loading them: plan, fill, swap, and ask the kernel for their number',
    ...{ against: 'a bare `ipset restore` of the same', ours: measured.ours, theirs: measured.bare },
  });
}

export const tableFolder = (folder: string): string => join(folder, 'countries');

/** Debian's newest table, laid into the section's folder; needs the Internet, which a section has not. */
export async function fetchDebianTable(folder: string): Promise<void> {
  const settings = {
    folder: tableFolder(folder),
    owner: undefined,
    source: 'debian',
    maxmindLogin: '',
    url: '',
  } as const;
  const download = () => Promise.reject(new AppError('COUNTRY_FAILED', 'Debian’s table is asked for', ''));
  const fetched = await fetchTable(undefined, settings, {
    run,
    download,
    clock,
    random: randomBytes,
    tell: () => undefined,
  });
  if (fetched.kind === 'new') await openTable(folder).adopt(fetched.name, { dryRun: false });
}

/** Judged by the table that was laid there. */
export function unitedStatesAndCanada(folder: string): Promise<Countries> {
  const rule = (country: string) => ({ country, permission: 'permit' as const, by: '', at: new Date(0) });
  return openTable(folder).judge({ countries: ['US', 'CA'].map(rule), ranges: [] });
}

function openTable(folder: string): CountryData {
  return openCountryData({ folder: tableFolder(folder), permitUnknown: false, log: () => undefined });
}
