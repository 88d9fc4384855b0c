/** The built daemon as a process of its own, over a state folder, in a network namespace. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from '../../src/lab/checkout';
import { makeHost, type Host } from '../../src/lab/host';

export interface Daemon {
  readonly host: Host;
  readonly child: ChildProcess;
  /** From the start of the process to the answer on its control socket. */
  readonly readyAfterMs: number;
  /** Ends it as systemd would; what it has put into the kernel stays. */
  stop(): Promise<void>;
}

/** Words for `env`: the environment and the program as the unit has them. */
function asTheUnitDoes(): string[] {
  const unit = readFileSync(join(checkout(), 'src/install/tollgate.service'), 'utf8');
  const line = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1]?.split(' ') ?? [];
  const names: Readonly<Record<string, string>> = {
    '@NODE@': process.execPath,
    '@MAIN@': join(checkout(), 'dist/src/main.js'),
  };
  return [...line('Environment'), ...line('ExecStart').map((word) => names[word] ?? word)];
}

/** `folder` holds the store and is its state folder. `on`: where an earlier one ran; `prefix`: taskset and the like; `settings`: more TOML. */
export async function startAsService(
  folder: string,
  on?: Host,
  prefix: readonly string[] = [],
  settings = '',
): Promise<Daemon> {
  const host = on ?? (await makeHost('pbx'));
  const toml = join(folder, 'tollgate.toml');
  await writeFile(toml, `[store]\nstate = "${folder}"\n[ami]\nenabled = false\n${settings}`);
  const pepper = join(folder, 'pepper');
  if (!existsSync(pepper)) await writeFile(pepper, randomBytes(32).toString('base64'), { mode: 0o400 });
  const began = performance.now();
  const [file, ...args] = [...prefix, 'env', ...asTheUnitDoes(), '--config', toml];
  const child = host.spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  const readyAfterMs = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`serve ended (${code}): ${log.slice(-5).join('\n')}`)));
    if (child.stderr === null) return;
    createInterface(child.stderr).on('line', (line) => {
      if (log.length < 100) log.push(line);
      if (line.includes('"part":"control"')) resolve(performance.now() - began);
    });
  });
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { host, child, readyAfterMs, stop };
}
