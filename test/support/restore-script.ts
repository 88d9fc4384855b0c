/** The script that the boot unit runs, as it is. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Host } from '../../src/lab/host';

export const SCRIPT = join(__dirname, '../../src/install/restore-firewall.sh');

export interface Restored {
  readonly code: number | null;
  readonly said: string;
}

/** What it would bring back at that time (seconds since 1970), without a kernel. */
export function printed(file: string, now: number): Restored & { readonly lines: readonly string[] } {
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT, '--print', '--now', String(now), file], {
    encoding: 'utf8',
    maxBuffer: 100 * 1024 * 1024,
  });
  return { code: status, said: stdout + stderr, lines: stdout.trimEnd().split('\n') };
}

/** Runs it on a host, by the machine's clock unless told. */
export function restoreOn(host: Host, file: string, now?: number): Promise<Restored> {
  const args = [SCRIPT, ...(now === undefined ? [] : ['--now', String(now)]), file];
  const child = host.spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}
