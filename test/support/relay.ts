/** A unix socket here that leads to a port on a lab host's own loopback. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../src/lab/host';

export interface Relay {
  readonly path: string;
  close(): Promise<void>;
}

const RELAY = `
const net = require('node:net');
const [path, port] = process.argv.slice(1);
net.createServer((near) => {
  const far = net.connect(Number(port), '127.0.0.1');
  for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
}).listen(path, () => console.log('up'));
process.stdin.resume().on('end', () => process.exit());`;

export async function relayTo(host: Host, port: number): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'));
  const path = join(folder, 'socket');
  const child = host.spawn(process.execPath, ['-e', RELAY, path, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('no relay');
  await once(child.stdout, 'data');
  return {
    path,
    close: async () => {
      child.stdin?.end();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}
