/** A unix socket here that leads to a port on a lab host's own loopback. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../src/lab/host';

export interface Relay {
  readonly path: string;
  /** All that came back through it. */
  heard(): Promise<string>;
  close(): Promise<void>;
}

const RELAY = `
const net = require('node:net');
const fs = require('node:fs');
const [path, port] = process.argv.slice(1);
fs.writeFileSync(path + '.heard', '');
net.createServer((near) => {
  const far = net.connect(Number(port), '127.0.0.1').on('data', (piece) => fs.appendFileSync(path + '.heard', piece));
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
    heard: () => readFile(`${path}.heard`, 'utf8'),
    close: async () => {
      child.stdin?.end();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}
