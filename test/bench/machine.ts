/** What the figures were measured on: they mean nothing without it. */
import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Run } from '../../src/ports';

/** `asterisk`: the tree in which it lies. */
export async function machine(run: Run, asterisk: string): Promise<string[]> {
  const [cpu] = cpus();
  const debian = await readFile('/etc/debian_version', 'utf8').catch(() => '');
  const first = async (file: string, ...args: string[]) => (await run(file, args)).split('\n')[0]?.trim() ?? '';
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}${debian === '' ? '' : `, Debian ${debian.trim()}`}`,
    `Node ${process.version}, ${await first('iptables', '--version')}, ${await first('ipset', '--version')}`,
    await first('chroot', asterisk, 'asterisk', '-V'),
  ];
}

/** How busy it was besides: with a load beyond its cores, times are those of a machine that does other things. */
export function load(): string {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(' ');
}
