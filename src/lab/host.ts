/** A host of its own in a network namespace: its links, its firewall, its programs. Dies with this process. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { run } from '../run';
import type { Run } from '../ports';

export interface Host {
  readonly name: string;
  /** Process that holds the namespace open: `/proc/PID/ns/net`. */
  readonly pid: number;
  readonly run: Run;
  spawn(file: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  close(): void;
}

/** Makes one with its loopback up. The namespace has no name and is held by a `cat` on our pipe: it ends when we do. */
export async function makeHost(name: string): Promise<Host> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error(`no host ${name}`))),
  ]);
  const pid = holder.pid ?? 0;
  const enter = (file: string, args: readonly string[]) => [`--net=/proc/${pid}/ns/net`, '--', file, ...args];
  return {
    name,
    pid,
    run: (file, args, options) => run('nsenter', enter(file, args), options),
    spawn: (file, args, options = {}) => spawn('nsenter', enter(file, args), options),
    close: () => void holder.stdin.end(),
  };
}

/** A cable between two hosts: device `to-<other>` on each, with these addresses in CIDR form, IPv6 without waiting for DAD. */
export async function connect(
  a: Host,
  aAddresses: readonly string[],
  b: Host,
  bAddresses: readonly string[],
): Promise<void> {
  const [aDevice, bDevice] = [`to-${b.name}`.slice(0, 15), `to-${a.name}`.slice(0, 15)];
  await a.run('ip', ['link', 'add', aDevice, 'type', 'veth', 'peer', 'name', bDevice, 'netns', String(b.pid)]);
  for (const [host, device, addresses] of [
    [a, aDevice, aAddresses],
    [b, bDevice, bAddresses],
  ] as const) {
    for (const address of addresses) {
      await host.run('ip', ['address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : [])]);
    }
    await host.run('ip', ['link', 'set', device, 'up']);
  }
}
