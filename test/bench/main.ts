/** `npm run bench [-- door conversations calls sets country countries packets strangers attacks events]`: measures, prints a table and keeps it in BENCHMARKS.md. */
import Table from 'cli-table3';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { checkout } from '../../src/lab/checkout';
import { withMachineLock } from '../../src/lab/machine-lock';
import { ASTERISK_22, BENCH, CACHE, MARIADB, tree } from '../../src/lab/trees';
import { inWorld } from '../../src/lab/world';
import { run } from '../../src/run';
import { fetchDebianTable } from './countries';
import { load, machine } from './machine';
import { report, table, type Measured } from './report';
import type { Row } from './row';

const say = (line: string) => void process.stderr.write(`${line}\n`);
/** What is fetched for a section before it begins, because it has no way to the Internet. */
const FETCH = {
  mariadb: () => tree(MARIADB, { progress: say }),
  others: () => tree(BENCH, { progress: say }),
  countries: fetchDebianTable,
} as const;
const NEEDS: Readonly<Record<string, readonly (keyof typeof FETCH)[]>> = {
  door: [],
  conversations: [],
  calls: [],
  sets: [],
  country: ['mariadb', 'countries'],
  countries: ['countries'],
  packets: ['countries', 'others'],
  strangers: ['mariadb', 'others'],
  attacks: ['others'],
  events: [],
};
const SECTIONS = Object.keys(NEEDS);
/** On a disk, because commits are measured; what a killed run left there is gone with the next. */
const FOLDER = join(CACHE, 'bench');
const KEPT = join(checkout(), 'BENCHMARKS.md');

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.find((name) => !SECTIONS.includes(name));
  if (unknown !== undefined) throw new Error(`there is no section "${unknown}": ${SECTIONS.join(', ')}`);
  if (process.geteuid?.() !== 0) throw new Error('it makes network namespaces of its own: sudo npm run bench');
  const asterisk = await tree(ASTERISK_22, { progress: say });
  await mkdir(CACHE, { recursive: true });
  return withMachineLock(
    join(CACHE, 'bench.lock'),
    () => say('waiting for another run'),
    () => measureAll(asked.length > 0 ? asked : SECTIONS, asterisk),
  );
}

async function measureAll(sections: readonly string[], asterisk: string): Promise<number> {
  const on = await machine(run, asterisk);
  const measured: Measured[] = [];
  for (const section of sections) {
    const before = load();
    const began = performance.now();
    say(`measuring ${section} …`);
    const rows = await measure(section, asterisk);
    const seconds = Math.round((performance.now() - began) / 1000);
    const busy = `${new Date().toISOString().slice(0, 16)}Z, ${seconds} s, load before it ${before}, after it ${load()}`;
    measured.push({ section, rows, circumstances: [...on, busy] });
    print(rows);
    await keep(measured);
  }
  const missed = measured.flatMap(({ rows }) => rows).filter(({ goal }) => goal?.met === false);
  say(`${on.join('; ')}\nkept in BENCHMARKS.md; ${missed.length} goals missed`);
  return 0;
}

/** After each section, so that a run that is cut short has not been for nothing. */
async function keep(measured: readonly Measured[]): Promise<void> {
  const text = report(await readFile(KEPT, 'utf8').catch(() => ''), measured);
  await writeFile(KEPT, await format(text, { ...(await resolveConfig(KEPT)), parser: 'markdown' }));
}

/** In a world with a network of its own: whatever happens in it, nothing of it remains. */
async function measure(section: string, asterisk: string): Promise<Row[]> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  for (const need of NEEDS[section] ?? []) await FETCH[need](FOLDER);
  const program = [process.execPath, '-r', join(checkout(), 'test/support/typescript.js'), join(__dirname, 'play.ts')];
  let rows: Row[] = [];
  const onLine = (line: string) => {
    rows = JSON.parse(line) as Row[];
  };
  try {
    const code = await inWorld([...program, section, FOLDER, asterisk], { onLine, network: true });
    if (code !== 0) throw new Error(`measuring ${section} ended with ${code}`);
    return rows;
  } finally {
    await rm(FOLDER, { recursive: true, force: true });
  }
}

function print(rows: readonly Row[]): void {
  const shown = new Table({
    head: ['what', 'measured', 'against', 'times', 'goal', 'met'],
    style: { head: [], border: [] },
    colWidths: [46, 22, 40, 18, 22, 10],
    wordWrap: true,
  });
  shown.push(...table(rows));
  process.stdout.write(`${shown.toString()}\n`);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
