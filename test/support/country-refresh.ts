/** A new country table, taken from a file. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloader } from '../../src/country/download';
import { fetchTable } from '../../src/country/fetch';
import { run } from '../../src/run';
import type { TestGate } from './test-gate';

/** As `country refresh --from` does. */
export async function refreshFrom(gate: TestGate, by: string, lines: string, dryRun = false) {
  const file = join(gate.countryFolder, '../dbip.csv');
  writeFileSync(file, lines);
  const settings = { folder: gate.countryFolder, owner: undefined, source: 'auto', maxmindLogin: '', url: '' } as const;
  const ports = { run, download: downloader(), clock: gate.clock, random: randomBytes, tell: () => undefined };
  const fetched = await fetchTable(file, settings, ports);
  const table = fetched.kind === 'new' && { table: fetched.name };
  return gate.operations.countryAdopt({ by, tried: [], dryRun, ...table });
}
