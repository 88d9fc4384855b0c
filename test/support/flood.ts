/** A flood of packets from a host to the PBX, over UDP and TCP, until it is closed. */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Host } from '../../src/lab/host';

export interface Stream {
  /** The host's own address and the PBX's, of one family. */
  readonly from: string;
  readonly to: string;
  readonly udp: readonly number[];
  readonly tcp: readonly number[];
}

export interface Flood {
  /** Resolves when nothing more is sent. */
  stop(): Promise<void>;
}

export function floodFrom(host: Host, streams: readonly Stream[]): Flood {
  const argv = [join(__dirname, 'flood-sockets.mjs'), JSON.stringify(streams)];
  const child = host.spawn(process.execPath, argv, { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  return {
    stop: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}
