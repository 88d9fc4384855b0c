/** tollgate country refresh, its first half: a new table, laid into the state folder by whoever typed the command. */
import { readFileSync } from 'node:fs';
import type { FetchAsked, FetchedTable } from './cli/country-refresh';
import type { Config } from './config';
import { downloader } from './country/download';
import { fetchTable } from './country/fetch';
import { AppError } from './errors';
import type { Clock, Random, Run } from './ports';
import { ownerOf, stateFolder } from './state-folder';

/** Rejects with COUNTRY_FAILED, the table in force untouched. */
export async function fetchCountries(
  { country, store }: Config,
  { from, tell }: FetchAsked,
  world: { readonly run: Run; readonly clock: Clock; readonly random: Random },
): Promise<FetchedTable> {
  const state = stateFolder(store.state);
  const settings = {
    ...{ folder: state.countries, owner: ownerOf(state), source: country.source, url: country.url },
    maxmindLogin: country.maxmind_key_file === '' ? '' : keyIn(country.maxmind_key_file),
  };
  const fetched = await fetchTable(from, settings, { ...world, download: downloader(), tell });
  return { tried: fetched.tried, ...(fetched.kind === 'new' && { table: fetched.name }) };
}

function keyIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const hint = 'write "ACCOUNT:KEY" of MaxMind into it, readable for who refreshes';
    throw new AppError('COUNTRY_FAILED', `cannot read country.maxmind_key_file: ${String(error)}`, hint, error);
  }
}
