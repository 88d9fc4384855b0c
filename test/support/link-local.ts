/** The address that a device has on its own link alone. */
import type { Host } from '../../src/lab/host';

export async function linkLocal(host: Host, device: string): Promise<string> {
  const told = await host.run('ip', ['-6', '-o', 'address', 'show', 'dev', device, 'scope', 'link']);
  return /inet6 ([0-9a-f:]+)/.exec(told)?.[1] ?? '';
}
