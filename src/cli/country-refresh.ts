/** tollgate country refresh: new country data, from the network or from a file. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DataShape, RefreshShape } from '../domain/country-shapes';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { outsideText } from './outside-text';
import { lines, say } from './say';
import type { Session } from './session';

/** Fetched by the command itself, so that the daemon goes on answering calls meanwhile; the daemon then takes it over. */
export interface FetchAsked {
  readonly from?: string;
  readonly tell: (what: string, done: number | undefined) => void;
}
export interface FetchedTable {
  /** The new table's name; undefined: nothing new. */
  readonly table?: string;
  readonly tried: readonly string[];
}

interface Options extends DryRun {
  readonly from?: string;
}

export function addCountryRefresh(country: Command, act: Act): void {
  const refresh = country
    .command('refresh')
    .description('fetch new country data; what is permitted or denied stays')
    .option('--from <file>', 'a file or folder of DB-IP, RIR, GeoLite2 (CSV, MMDB), GeoLite or tor-geoipdb');
  changing(refresh).action(act(refreshTable));
}

async function refreshTable(session: Session, { from, dryRun }: Options): Promise<Outcome> {
  const { product, terminal } = session.world;
  const tell = (what: string, done: number | undefined) => terminal.progress(bar(what, done));
  let fetched: FetchedTable;
  try {
    fetched = await product.fetchCountries(session.config(), {
      tell,
      ...(from !== undefined && { from: resolve(from) }),
    });
  } finally {
    terminal.progress(undefined);
  }
  const shape = await (await session.operations()).countryAdopt({ ...fetched, by: session.by, ...given({ dryRun }) });
  return { text: refreshText(session, shape, dryRun === true), json: shape };
}

function refreshText(session: Session, shape: RefreshShape, dryRun: boolean): string {
  const { state, data, before, tried } = shape;
  const news = state === 'unchanged' ? 'Nothing is newer than' : dryRun ? 'This would be in force:' : 'Now in force:';
  return lines(
    ...tried.map((why) => say`Not taken: ${why}`),
    data === null ? 'There are no country data.' : say`${news} ${dataText(data)}`,
    data === null ? undefined : say`Licence: ${data.licence}`,
    before === null || state === 'unchanged' ? undefined : say`Before: ${dataText(before)}`,
    state === 'unchanged' ? undefined : outsideText(session, shape, dryRun),
    dryRun ? 'Nothing was changed.' : undefined,
  );
}

function dataText({ source, dated, ranges }: DataShape): string {
  const number = (amount: number) => amount.toLocaleString('en');
  return `${source} of ${dated.slice(0, 10)}, ${number(ranges.ipv4)} IPv4 and ${number(ranges.ipv6)} IPv6 ranges`;
}

const WIDTH = 30;

function bar(what: string, done: number | undefined): string {
  if (done === undefined) return say`${what} …`;
  const full = Math.round(Math.min(1, done) * WIDTH);
  return say`${what} [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.floor(Math.min(1, done) * 100)} %`;
}
