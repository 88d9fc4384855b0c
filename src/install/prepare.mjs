/**
 * Makes a checkout ready and then runs a command: `node prepare.mjs [--yes] --for demo|test -- COMMAND…`.
 * Plain Node without dependencies, because nothing is installed yet. All it says goes to stderr; stdout is the command's.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const OLDEST_NODE = [20, 19];
/** Debian package -> the program that shows that it is there, and what it is for. */
const TOOLS = {
  iproute2: ['ip', 'hosts and cables of the lab'],
  iptables: ['iptables', 'the firewall'],
  ipset: ['ipset', 'the lists of open addresses'],
  conntrack: ['conntrack', 'forgetting calls that a closed door cuts'],
  nftables: ['nft', "seeing other programs' firewall rules"],
  tcpdump: ['tcpdump', 'reading knocks'],
  debootstrap: ['debootstrap', 'the tree in which Asterisk runs'],
};
const COMPILER = {
  python3: ['python3', 'compiling better-sqlite3'],
  make: ['make', 'compiling better-sqlite3'],
  'g++': ['g++', 'compiling better-sqlite3'],
};
/** The lock of `src/lab/machine-lock.ts`: one apt or debootstrap at a time. */
const MACHINE_LOCK = '/var/cache/tollgate/lock';

const say = (line) => process.stderr.write(`prepare: ${line}\n`);

class CannotPrepare extends Error {
  constructor(what, hint) {
    super(`${what}\n  → ${hint}`);
  }
}

async function main(argv) {
  const dashes = argv.indexOf('--');
  const options = argv.slice(0, dashes);
  const command = argv.slice(dashes + 1);
  const purpose = options[options.indexOf('--for') + 1];
  if (dashes < 0 || command.length === 0 || !['demo', 'test'].includes(purpose)) {
    throw new CannotPrepare(
      'nothing to prepare for',
      'node src/install/prepare.mjs [--yes] --for demo|test -- COMMAND…',
    );
  }
  checkNode();
  const settled = options.includes('--yes') || command.includes('--yes') || process.env.CI === 'true';
  await installTools(purpose, settled);
  await installModules(settled);
  await build();
  return runCommand(command.filter((word) => word !== '--yes'));
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new CannotPrepare(
    `this is Node ${process.versions.node}`,
    `install Node ${OLDEST_NODE.join('.')} or later (Node 20), then start again`,
  );
}

/** Without root the tests that need these tools are skipped, each with its reason; the demo cannot do without. */
async function installTools(purpose, settled) {
  const missing = missingOf(TOOLS);
  if (process.getuid() !== 0) {
    if (purpose === 'test') return;
    throw new CannotPrepare(
      'the demo makes network namespaces and a firewall of its own, which needs root',
      'run it as root: sudo npm run demo',
    );
  }
  if (missing.length > 0) await aptInstall(missing, TOOLS, settled);
}

const missingOf = (tools) => Object.keys(tools).filter((name) => !onPath(tools[name][0]));

function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function aptInstall(names, tools, settled) {
  if (!onPath('apt-get')) {
    throw new CannotPrepare(`${names.join(', ')} not found, nor apt-get`, 'the lab needs Debian 12 or later');
  }
  say('these Debian packages are missing:');
  for (const name of names) say(`  ${name.padEnd(12)} for ${tools[name][1]}`);
  await agree(`install ${names.join(', ')} with apt-get?`, settled);
  // An apt that is killed leaves packages half installed: it may outlive us.
  const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, mayEndEarly: false };
  const patient = ['-q', '-o', 'DPkg::Lock::Timeout=600'];
  mkdirSync(dirname(MACHINE_LOCK), { recursive: true });
  const apt = (args) =>
    step(`apt-get ${args.join(' ')}`, 'flock', [MACHINE_LOCK, 'apt-get', ...patient, ...args], quiet);
  await apt(['update']);
  await apt(['install', '--yes', '--no-install-recommends', ...names]);
}

/** Asks on a terminal. Without one nobody can answer: whoever started it there wants it done, and it was said above. */
async function agree(question, settled) {
  if (settled || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`prepare: ${question} [Y/n] `);
  terminal.close();
  if (!/^(y(es)?)?$/i.test(answer.trim())) throw new CannotPrepare('not installed, as you wish', 'install it yourself');
}

async function installModules(settled) {
  if (!modulesMatchLock()) {
    say('the packages of package-lock.json are not installed yet');
    const quiet = ['--loglevel=error', '--no-audit', '--no-fund'];
    const installed = await step('npm ci (a minute or two)', 'npm', ['ci', ...quiet], { mayFail: true });
    if (!installed) {
      const tools = missingOf(COMPILER);
      if (tools.length === 0) throw new CannotPrepare('npm ci failed', 'see its own words above');
      await compilerFor('npm ci failed, perhaps for want of a compiler', tools, settled);
      await step('npm ci, once more (a minute or two)', 'npm', ['ci', ...quiet]);
    }
  }
  if (sqliteLoads()) return;
  const tools = missingOf(COMPILER);
  if (tools.length > 0) await compilerFor('better-sqlite3 was not built for this Node', tools, settled);
  await step('npm rebuild better-sqlite3 (a minute or two)', 'npm', ['rebuild', 'better-sqlite3', '--loglevel=error']);
  if (!sqliteLoads()) throw new CannotPrepare('better-sqlite3 does not load', 'remove node_modules and start again');
}

async function compilerFor(why, tools, settled) {
  if (process.getuid() !== 0) throw new CannotPrepare(why, `as root: apt-get install ${tools.join(' ')}`);
  say(why);
  await aptInstall(tools, COMPILER, settled);
}

/** npm's own record of what it installed against what is asked for; packages for other platforms may be missing. */
function modulesMatchLock() {
  const installed = packagesIn('node_modules/.package-lock.json');
  const wanted = packagesIn('package-lock.json');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && installed[path] === undefined),
  );
}

function packagesIn(file) {
  const path = join(CHECKOUT, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

/** In a process of its own: a wrong build may crash. */
function sqliteLoads() {
  const open = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(process.execPath, ['-e', open], { cwd: CHECKOUT, stdio: 'ignore' }).status === 0;
}

async function build() {
  const stamp = join(CHECKOUT, 'dist/.built-from');
  const sources = fingerprint(['src', 'agi', 'sounds/prompts.json', 'tsconfig.json', 'tsconfig.build.json']);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  // Beside what works until the new one is complete: a build that fails takes nothing away.
  const made = join(CHECKOUT, 'node_modules/.cache/tollgate-build');
  rmSync(made, { recursive: true, force: true });
  const compiler = join(CHECKOUT, 'node_modules/typescript/bin/tsc');
  const compile = [compiler, '-p', 'tsconfig.build.json', '--outDir', made];
  await step('tsc: the sources are newer than dist/', process.execPath, compile);
  writeFileSync(join(made, '.built-from'), sources);
  rmSync(join(CHECKOUT, 'dist'), { recursive: true, force: true });
  renameSync(made, join(CHECKOUT, 'dist'));
}

/** Of names, sizes and times, so that a file that went away counts too. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const full = join(CHECKOUT, path);
    if (!existsSync(full)) return;
    const stat = statSync(full);
    if (stat.isDirectory()) for (const name of readdirSync(full).sort()) visit(join(path, name));
    else hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
  };
  paths.forEach(visit);
  return hash.digest('hex');
}

/** Runs a program with its output on our stderr, and says every ten seconds that it still runs. */
function step(title, file, args, { env = process.env, mayFail = false, mayEndEarly = true } = {}) {
  say(title);
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  // Where Node's own headers are on this machine a module is compiled without a download.
  const prefix = join(dirname(process.execPath), '..');
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
  return new Promise((resolve, reject) => {
    const [program, words] = mayEndEarly ? dyingWithUs(file, args) : [file, args];
    const child = spawn(program, words, {
      cwd: CHECKOUT,
      env: { ...headers, ...env },
      stdio: ['ignore', 2, 2],
      detached: !mayEndEarly, // a terminal's Ctrl-C does not reach it
    });
    const unwatch = mayEndEarly ? endWithOurs(child, { graceMs: 0 }) : stopAfterwards(file);
    const timer = setInterval(() => say(`  … ${seconds()} s`), 10_000);
    const end = (reason) => {
      clearInterval(timer);
      unwatch();
      if (reason === 0) say(`  done in ${seconds()} s`);
      if (reason === 0 || mayFail) resolve(reason === 0);
      else reject(new CannotPrepare(`${title} failed (${reason})`, 'see its own words above'));
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(code ?? signal));
  });
}

/** Ctrl-C waits for a program that must not be cut short. The returned function ends the watch, and us if it came. */
function stopAfterwards(file) {
  let code;
  const remember = (signal, number) => {
    code = 128 + number;
    say(`${signal}: stopping as soon as ${file === 'flock' ? 'apt-get' : file} has ended`);
  };
  const signals = ['SIGINT', 'SIGTERM'];
  for (const signal of signals) process.on(signal, remember);
  return () => {
    for (const signal of signals) process.off(signal, remember);
    if (code !== undefined) process.exit(code);
  };
}

/** A process namespace of its own as root, so that compilers that npm has started end with it; without root npm alone. */
function dyingWithUs(file, args) {
  const world = process.getuid() === 0 ? ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] : [];
  return ['setpriv', ['--pdeathsig', 'KILL', ...world, file, ...args]];
}

/** For a command to take away what it has made; a world has 10 s of them. */
const GRACE_MS = 15_000;

/** We end with whoever started us: npm hands on a signal, but not its own death. The returned function ends the watch. */
function endWithOurs(child, { graceMs }) {
  const above = ancestors();
  const watch = setInterval(() => {
    if (ancestors() === above) return;
    clearInterval(watch);
    child.kill('SIGTERM');
    setTimeout(() => {
      child.kill('SIGKILL');
      process.exit(137);
    }, graceMs);
  }, 250);
  return () => clearInterval(watch);
}

function runCommand([file, ...args]) {
  const program = file === 'node' ? process.execPath : file;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const unwatch = endWithOurs(child, { graceMs: GRACE_MS });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new CannotPrepare(`setpriv: ${error.message}`, 'this needs Linux')));
    child.on('exit', (code, signal) => {
      unwatch();
      resolve(code ?? (signal === 'SIGINT' ? 130 : 137));
    });
  });
}

/** Our parent and, below npm, the parent's parent: npm starts a shell that starts us. */
function ancestors() {
  if (process.env.npm_lifecycle_event === undefined) return String(process.ppid);
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`;
  } catch {
    return 'gone';
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    if (!(error instanceof CannotPrepare)) throw error;
    say(error.message);
    process.exit(1);
  },
);
