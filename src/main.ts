#!/usr/bin/env node
/** argv -> command; the only process.exit. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { randomBytes } from 'node:crypto';
import { runMain } from './cli/run-main';
import { sshConnection } from './cli/ssh-connection';
import { terminalOf } from './cli/terminal';
import type { Product } from './cli/product';
import { clock } from './clock';
import { loadConfig } from './load-config';
import { PACKAGE } from './package-folder';
import type { Log } from './ports';
import { run } from './run';

const { env } = process;
const read = (path: string) => readFileSync(join(PACKAGE, path), 'utf8');
/** Commands say what they did themselves; the journal keeps it. */
const silent: Log = () => undefined;

/** Parts are loaded when they are needed: `tollgate --help` opens no database driver. */
const product: Product = {
  version: (JSON.parse(read('package.json')) as { version: string }).version,
  loadConfig: (file) => loadConfig(file, env),
  async connect(config) {
    const { connectOrOpen } = await import('./tollgate.js');
    const opened = await connectOrOpen(config, { run, clock, log: silent, random: randomBytes });
    const close = async () => {
      await opened.close();
    };
    return { operations: opened.operations, daemon: opened.daemon, close };
  },
  async serve(config, stop) {
    const [{ serve }, { openLog }] = [await import('./daemon.js'), await import('./log.js')];
    await serve(config, { run, clock, log: openLog(), random: randomBytes }, stop);
  },
  async init(asked) {
    const { setUp } = await import('./set-up.js');
    return setUp(asked, { run, clock, log: silent, random: randomBytes });
  },
  async moveStore(config, asked) {
    const { move } = await import('./move-store.js');
    return move(config, asked, clock);
  },
  async storePepper(config, asked) {
    const { storePepper } = await import('./store-pepper.js');
    return storePepper(config, asked, clock);
  },
  async fetchCountries(config, asked) {
    const { fetchCountries } = await import('./fetch-countries.js');
    return fetchCountries(config, asked, { run, clock, random: randomBytes });
  },
  ruleLists: async () => (await Promise.all([run('iptables-save', []), run('ip6tables-save', [])])).join('\n'),
  async legacyTables() {
    if (process.geteuid?.() !== 0) return undefined;
    const { readLegacyTables } = await import('./firewall/legacy-tables.js');
    return readLegacyTables(run);
  },
  sampleConfig: () => read('src/install/tollgate.sample.toml'),
  async demo({ tell, stop }) {
    const { demo } = await import('./lab/demo.js');
    return demo({ tell, progress: (line) => void process.stderr.write(`${line}\n`), run, stop });
  },
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // `tollgate log | head` has seen enough
  throw error;
});

void runMain(process.argv.slice(2), {
  terminal: terminalOf(process),
  product,
  environment: env,
  user: userName(),
  ssh: () => sshConnection(env, process.pid),
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  now: () => clock.now(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
}).then((code) => process.exit(code));

/** A user id without a name is one in a container. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
