/** Real sockets on a host, and what they really received. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Host } from '../../src/lab/host';
import { until } from './until';

interface Told {
  readonly id: string;
  readonly is: 'ready' | 'heard' | 'failed';
  readonly text: string;
}
type Make = { readonly id: string } & (
  | { readonly do: 'udp'; readonly from: string; readonly port?: number }
  | { readonly do: 'listen'; readonly from: string; readonly port: number }
  | { readonly do: 'connect'; readonly from: string; readonly to: string; readonly port: number }
);

export interface Probe {
  /** Resolves when the socket is there. */
  open(make: Make): Promise<void>;
  /** Only asks for it; `told` has how it went. */
  begin(make: Make): void;
  send(id: string, text: string, to: string, port: number): void;
  write(id: string, text: string): void;
  heard(id: string): readonly string[];
  isReady(id: string): boolean;
  close(): void;
}

export function probeOn(host: Host): Probe {
  const child = host.spawn(process.execPath, [join(__dirname, 'probe-sockets.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('a probe without pipes');
  const told: Told[] = [];
  createInterface(stdout).on('line', (line) => void told.push(JSON.parse(line) as Told));
  const order = (line: object) => void stdin.write(`${JSON.stringify(line)}\n`);
  const isReady = (id: string) => told.some((one) => one.id === id && one.is === 'ready');
  return {
    begin: order,
    async open(make) {
      order(make);
      await until(() => isReady(make.id), `socket ${make.id} on ${host.name}`);
    },
    send: (id, text, to, port) => order({ do: 'send', id, text, to, port }),
    write: (id, text) => order({ do: 'write', id, text }),
    heard: (id) => told.filter((one) => one.id === id && one.is === 'heard').map(({ text }) => text),
    isReady,
    close: () => void stdin.end(),
  };
}
