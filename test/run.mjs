/**
 * Runs everything and ends with `N passed, N failed, N skipped`: static checks, then the tests in four tiers. Words after it are
 * jest's path patterns and leave the static checks out: `npm test -- test/live/world`.
 * What needs root: `test/live` as a whole, and in `test/contract` what is described by `describeAsRoot`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), '..');
const { inWorld } = createRequire(import.meta.url)('../dist/src/lab/world.js');
const ROOT = process.getuid() === 0;
const BIN = join(CHECKOUT, 'node_modules/.bin');

const STATIC = [
  ['types', 'tsc', '-p', '.'],
  ['lint', 'eslint', '--max-warnings=0', '.'],
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['unused code and dependencies', 'knip', '--no-progress'],
];
/**
 * Projects of jest.config.js. Tests that touch the kernel run in a world that ends with them. Two files of a tier at a
 * time, each with hosts of its own: most of them wait for something most of the time.
 */
const AT_ONCE = 2;
const TIERS = [
  { name: 'unit', world: false },
  { name: 'contract', world: ROOT },
  { name: 'live', world: true },
  { name: 'timed', world: true, alone: true, network: true },
];

const say = (line) => process.stdout.write(`${line}\n`);

async function main(patterns) {
  const rows = [];
  if (patterns.length === 0) rows.push(await checkStatics());
  for (const tier of TIERS) rows.push(await runTier(tier, patterns));
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  const skips = rows.flatMap((row) => row.skips);

  if (skips.length > 0) say(`\nskipped:\n${skips.map((skip) => `  ${skip}`).join('\n')}`);
  if (skips.length > 0 && process.env.CI === 'true') say('\nwith CI=true a skip is a failure');
  say(`\n${['tier', 'passed', 'failed', 'skipped', 'seconds'].map(cell).join('')}`);
  for (const row of rows) {
    say([row.name, row.passed, row.failed, row.skips.length, row.seconds.toFixed(1)].map(cell).join(''));
  }
  say(`\n${sum('passed')} passed, ${sum('failed')} failed, ${skips.length} skipped`);
  const nothing = sum('passed') === 0;
  if (nothing) say('no test ran: is the pattern right?');
  return sum('failed') > 0 || nothing || (skips.length > 0 && process.env.CI === 'true') ? 1 : 0;
}

const cell = (value) => String(value).padEnd(10);

async function checkStatics() {
  const began = Date.now();
  const row = { name: 'static', passed: 0, failed: 0, skips: [] };
  const left = [...STATIC];
  const check = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, program, ...args] = next;
      let told = '';
      const code = await exitOf([join(BIN, program), ...args], (text) => (told += text));
      say(`${told}${code === 0 ? 'ok    ' : 'FAILED'} ${name}`);
      if (code === 0) row.passed++;
      else row.failed++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, check));
  return { ...row, seconds: (Date.now() - began) / 1000 };
}

async function runTier({ name, world, alone = false, network = false }, patterns) {
  const began = Date.now();
  const out = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
  const json = join(out, 'results.json');
  const jest = [
    process.execPath,
    join(CHECKOUT, 'node_modules/jest/bin/jest.js'),
    '--passWithNoTests',
    '--ci',
    // What a failed test has left open would keep jest for ever.
    '--forceExit',
    '--selectProjects',
    name,
  ];
  const ours = [`--maxWorkers=${alone ? 1 : AT_ONCE}`, '--json', `--outputFile=${json}`];
  const argv = [...jest, ...ours, ...(patterns.length > 0 ? ['--testPathPatterns', ...patterns] : [])];
  say(`\n${name}`);
  try {
    if (world && !ROOT) return await skipTier(name, argv);
    const code = await (world ? inWorld(argv, { network }) : exitOf(argv));
    return { name, ...resultsIn(json, code), seconds: (Date.now() - began) / 1000 };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Without root each test file of this tier is one skip. */
async function skipTier(name, argv) {
  let files = '';
  const list = argv.filter((word) => !/^--(forceExit|outputFile)/.test(word)); // it is to come on stdout, as a whole
  await exitOf([...list, '--listTests'], (text) => (files += text));
  const skips = JSON.parse(files).map((file) => `${file.slice(CHECKOUT.length + 1)}: needs root (sudo npm test)`);
  return { name, passed: 0, failed: 0, skips, seconds: 0 };
}

/** A suite that could not even be loaded counts as one failure, and so does a jest that left no results. */
function resultsIn(file, code) {
  let results;
  try {
    results = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    say(`jest ended with ${code} and left no results (${error.code ?? error.message})`);
    return { passed: 0, failed: 1, skips: [] };
  }
  const skips = results.testResults.flatMap((suite) =>
    suite.assertionResults
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(
        ({ fullName }) => `${suite.name.slice(CHECKOUT.length + 1)}: ${fullName}: ${ROOT ? 'skipped' : 'needs root'}`,
      ),
  );
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return { passed: results.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skips };
}

/** jest tells people on stderr; its JSON on stdout is of no use to them. */
function exitOf([file, ...args], onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: CHECKOUT, stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit'] });
    child.stdout?.on('data', (chunk) => onOutput(chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1)); // all of its output has come by then
  });
}

process.exitCode = await main(process.argv.slice(2));
