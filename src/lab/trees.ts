/** Debian trees with real programs in them, made once by debootstrap and kept outside the checkout. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../errors';
import { printable } from '../domain/printable';
import { ownMirror } from './apt-sources';
import { withMachineLock } from './machine-lock';

export interface TreeSpec {
  /** For people: `Asterisk 22`. */
  readonly name: string;
  /** Tried in this order when one is gone from the mirror or lacks a package; 'own': the machine's own suite. */
  readonly suites: readonly string[] | 'own';
  readonly packages: readonly string[];
}

export interface TreeOptions {
  /** Called with one line at a time: `unpacking asterisk … 34 of 208`. */
  readonly progress: (line: string) => void;
  /** Where trees are kept; `/var/cache/tollgate` unless told. */
  readonly cache?: string;
  /** Ends the making and takes away what is half made. */
  readonly signal?: AbortSignal;
}

/** The PBX, and with `sipp` the telephones around it. */
export const ASTERISK_22: TreeSpec = {
  name: 'Asterisk 22',
  suites: ['forky', 'sid'],
  packages: ['asterisk', 'sip-tester', 'asterisk-core-sounds-en-gsm'],
};

/** The last one with chan_sip in Debian; only for tests. */
export const ASTERISK_16: TreeSpec = {
  name: 'Asterisk 16',
  suites: ['bullseye'],
  packages: ['asterisk', 'asterisk-core-sounds-en-gsm'],
};

/** One tree for both: each one costs about a minute where there is none yet. */
const SERVERS: TreeSpec = { name: 'MariaDB and NSD', suites: 'own', packages: ['mariadb-server', 'nsd'] };
export const MARIADB = SERVERS;
/** A name server. */
export const NSD = SERVERS;

/** What benchmarks compare with, and a packet generator. Tests never ask for it. */
export const BENCH: TreeSpec = {
  name: 'PHP, fail2ban and trafgen',
  suites: 'own',
  packages: ['php-cli', 'php-mysql', 'fail2ban', 'python3-pyinotify', 'iptables', 'netsniff-ng'],
};

export const CACHE = '/var/cache/tollgate';

/** Raised when trees are made in another way, so that old ones are not used. */
const SCRIPT_VERSION = 1;
/** Debian 12's debootstrap has no script for later suites; all of them are made like `sid`. */
const SCRIPT = '/usr/share/debootstrap/scripts/sid';

/**
 * The folder of this tree, made when it is not there yet (a minute or two; needs root). Rejects with SETUP_FAILED.
 * Safe from any number of processes, and after kill -9: a tree gets its name only when it is complete.
 */
export async function tree(spec: TreeSpec, { progress, cache = CACHE, signal }: TreeOptions): Promise<string> {
  const mirror = await ownMirror();
  const suites = spec.suites === 'own' ? [mirror.suite] : spec.suites;
  const trees = join(cache, 'trees');
  const made = await firstThere(suites.map((suite) => folderOf(trees, suite, spec)));
  if (made !== undefined) return made;
  if (process.getuid?.() !== 0) {
    throw new AppError('SETUP_FAILED', `${spec.name} is not on this machine yet`, 'making its tree needs root: sudo');
  }
  const waiting = () => progress(`waiting for another process that prepares this machine (${cache}/lock)`);
  return withMachineLock(join(cache, 'lock'), waiting, async () => {
    await mkdir(trees, { recursive: true });
    await removeLeftOvers(trees);
    const failures: string[] = [];
    for (const suite of suites) {
      const folder = folderOf(trees, suite, spec);
      if ((await firstThere([folder])) !== undefined) return folder;
      progress(`making a Debian ${suite} tree with ${spec.packages.join(', ')} in ${folder} (once, a minute or two)`);
      const failure = await make({ suite, packages: spec.packages, mirror: mirror.uri, folder }, progress, signal);
      if (failure === undefined) return folder;
      if (signal?.aborted) throw new AppError('SETUP_FAILED', `${spec.name} was interrupted`, 'start again');
      progress(`Debian ${suite} does not do: ${failure}`);
      failures.push(`${suite}: ${failure}`);
    }
    throw new AppError(
      'SETUP_FAILED',
      `no tree with ${spec.name} could be made from ${mirror.uri}: ${failures.join('; ')}`,
      'can this machine reach its own apt mirror? try "apt-get update"',
    );
  });
}

function folderOf(trees: string, suite: string, { packages }: TreeSpec): string {
  const key = JSON.stringify([SCRIPT_VERSION, suite, [...packages].sort(), process.arch]);
  return join(trees, `${suite}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`);
}

async function firstThere(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const there = await access(folder).then(
      () => true,
      () => false,
    );
    if (there) return folder;
  }
  return undefined;
}

const MAKING = '.making-';

/** Under the lock nobody is making one: what has such a name was left by a process that was killed. */
async function removeLeftOvers(trees: string): Promise<void> {
  for (const name of await readdir(trees)) {
    if (name.startsWith(MAKING)) await rm(join(trees, name), { recursive: true, force: true });
  }
}

interface Making {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly mirror: string;
  readonly folder: string;
}

/** Resolves to undefined, or to why this suite cannot be had. */
async function make(
  { suite, packages, mirror, folder }: Making,
  progress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const making = join(folder, '..', `${MAKING}${process.pid}-${suite}`);
  const debootstrap = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, making, mirror];
  // Its own processes and mounts: killing it, or us, leaves neither behind.
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--', ...debootstrap, SCRIPT],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const end = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', end);
  const complaints: string[] = [];
  const count = stepCounter();
  createInterface(child.stdout).on('line', (line) => {
    const step = count(line);
    if (step !== undefined) progress(step);
    if (/^[EW]: /.test(line)) complaints.push(line);
  });
  createInterface(child.stderr).on('line', (line) => complaints.push(line));
  const failed = once(child, 'error').then(([error]) => String(error));
  const code = await Promise.race([once(child, 'close').then(([status]) => String(status)), failed]);
  signal?.removeEventListener('abort', end);
  if (code === '0') {
    await rename(making, folder);
    return undefined;
  }
  await rm(making, { recursive: true, force: true });
  const last = complaints.filter((line) => line.startsWith('E: ')).at(-1) ?? complaints.at(-1) ?? '';
  return printable(`debootstrap failed (${code}) ${last}`);
}

/** Counts debootstrap's own lines: what is retrieved is later unpacked and configured, so the total is known by then. */
export function stepCounter(): (line: string) => string | undefined {
  const counts = { Retrieving: 0, Unpacking: 0, Configuring: 0 };
  return (line) => {
    const [, verb, name] = /^I: (Retrieving|Unpacking|Configuring) ([^\s.][^\s]*?)(?:\.\.\.)?(?: |$)/.exec(line) ?? [];
    if (verb === undefined || name === undefined || /^(InRelease|Release|Packages)/.test(name)) return undefined;
    const step = verb as keyof typeof counts;
    counts[step]++;
    const total = step === 'Retrieving' ? '' : ` of ${counts.Retrieving}`;
    return `${verb.toLowerCase()} ${name} … ${counts[step]}${total}`;
  };
}
