/** The country data of this machine, as the rest of Tollgate asks for them. */
import type { CountryData, TableFacts } from '../domain/country';
import type { Log } from '../ports';
import { checkTable } from './check';
import { newestWhole, putInForce, readIncoming, removeIncoming } from './folder';
import { judge, type JudgeSettings } from './judge';
import { sizesOf } from './table';
import type { KeptTable, TableHead } from './table-file';

export interface DataOptions extends JudgeSettings {
  /** Need not be there. */
  readonly folder: string;
  readonly log: Log;
}

/** Nothing is read before it is asked for. */
export function openCountryData({ folder, log, ...settings }: DataOptions): CountryData {
  let loading: Promise<KeptTable | undefined> | undefined;
  const inForce = () =>
    (loading ??= newestWhole(folder, (table, error) => log('country-table-damaged', { table, error })));
  return {
    facts: async () => optionalFacts(await inForce()),
    async sizes() {
      const kept = await inForce();
      return kept ? sizesOf(kept.table) : [];
    },
    judge: async (rules) => judge((await inForce())?.table, rules, settings),
    async adopt(name, { dryRun }) {
      const before = await inForce();
      try {
        const next = await readIncoming(folder, name);
        checkTable(next, before);
        if (!dryRun) {
          await putInForce(folder, name);
          loading = Promise.resolve(next);
        }
        return {
          ...{ facts: factsOf(next.head), before: optionalFacts(before) },
          judge: (rules) => judge(next.table, rules, settings),
        };
      } finally {
        await removeIncoming(folder, name);
      }
    },
  };
}

function optionalFacts(kept: KeptTable | undefined): TableFacts | undefined {
  return kept && factsOf(kept.head);
}

function factsOf({ source, licence, maxAgeDays, ranges, dated, importedAt }: TableHead): TableFacts {
  return { source, licence, maxAgeDays, ranges, dated: new Date(dated), importedAt: new Date(importedAt) };
}
