/** A socket in a host's network, as this process holds it. */
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout } from './checkout';
import type { Host } from './host';

export interface WireOptions {
  /** `ws`, `wss`: a WebSocket that carries SIP. `listen`: it is dialled, over TCP, and speaks with whoever dialled last. */
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss' | 'listen';
  /** The host's own address to speak from; decides the family. */
  readonly from: string;
  /** 0 or undefined: any. */
  readonly port?: number;
}

export interface Wire {
  readonly port: number;
  /** From now on it speaks with this one only; a UDP wire hears of refusals by ICMP then. Resolves at once. */
  connect(address: string, port: number): void;
  send(data: Buffer): void;
  onData(listener: (data: Buffer) => void): void;
  /** `connected`, or a code as ECONNREFUSED, ETIMEDOUT, closed. */
  onState(listener: (state: string) => void): void;
  close(): void;
}

/** Opens it; resolves when it is bound. The socket ends with this process. */
export async function openWire(host: Host, { protocol, from, port = 0 }: WireOptions): Promise<Wire> {
  const relay = join(checkout(), 'src/lab/relay.mjs');
  const child = host.spawn(process.execPath, [relay, protocol, from, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('a relay without pipes');
  stdin.on('error', () => undefined); // it has ended: its state was told
  const events = new EventEmitter();
  const bound = once(events, 'bound') as Promise<[number]>;
  createInterface(stdout).on('line', (line) => {
    const [kind, word = '', more = ''] = line.split(' ');
    if (kind === 'data') events.emit('data', Buffer.from(word, 'base64'));
    else if (kind === 'bound') events.emit('bound', Number(more));
    else events.emit('state', kind === 'error' ? word : kind);
  });
  child.on('exit', () => events.emit('state', 'closed'));
  const broken = once(events, 'state').then(([state]) => Promise.reject(new Error(`no wire from ${from}: ${state}`)));
  broken.catch(() => undefined); // after it is bound, a state is the owner's
  const [ownPort] = await Promise.race([bound, broken]);
  return {
    port: ownPort,
    connect: (address, toPort) => void stdin.write(`connect ${address} ${toPort}\n`),
    send: (data) => void stdin.write(`send ${data.toString('base64')}\n`),
    onData: (listener) => void events.on('data', listener),
    onState: (listener) => void events.on('state', listener),
    close: () => void stdin.end(),
  };
}
