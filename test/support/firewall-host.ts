/** The real firewall on a host of its own: the tools run in its network namespace, the machine's is never touched. */
import { openFirewall } from '../../src/firewall/open';
import { overChild } from '../../src/firewall/session-port';
import type { Firewall, Policy } from '../../src/domain/firewall';
import type { Clock, Log } from '../../src/ports';
import { clock as realClock } from '../../src/clock';
import type { Host } from '../../src/lab/host';
import type { ChildProcess } from 'node:child_process';

export interface HostFirewall {
  readonly firewall: Firewall;
  /** What it logged, oldest first. */
  readonly logged: readonly string[];
  /** The ipset children that were started, oldest first. */
  readonly children: readonly ChildProcess[];
}

export function firewallOn(
  host: Host,
  { clock = realClock, mostMembers }: { clock?: Clock; mostMembers?: number } = {},
): HostFirewall {
  const logged: string[] = [];
  const children: ChildProcess[] = [];
  const log: Log = (event) => void logged.push(event);
  const firewall = openFirewall({
    run: host.run,
    spawnSession: (file, args, listener) => {
      const child = host.spawn(file, args);
      children.push(child);
      return overChild(child, listener);
    },
    clock,
    log,
    ...(mostMembers !== undefined && { mostMembers }),
  });
  return { firewall, logged, children };
}

/** A PBX: SIP on two ports, IAX, media, a web page and SSH that are not guarded. */
export const PBX: Policy = {
  mode: 'watch',
  trial: undefined,
  services: [
    {
      name: 'sip',
      ports: [
        { protocol: 'udp', first: 5060, last: 5060 },
        { protocol: 'tcp', first: 5060, last: 5061 },
      ],
      guarded: true,
      signalling: true,
      open: false,
    },
    {
      name: 'iax',
      ports: [{ protocol: 'udp', first: 4569, last: 4569 }],
      guarded: true,
      signalling: true,
      open: false,
    },
    {
      name: 'rtp',
      ports: [{ protocol: 'udp', first: 10000, last: 20000 }],
      guarded: false,
      signalling: false,
      open: false,
    },
    { name: 'web', ports: [{ protocol: 'tcp', first: 443, last: 443 }], guarded: false, signalling: false, open: true },
    { name: 'ssh', ports: [{ protocol: 'tcp', first: 22, last: 22 }], guarded: false, signalling: false, open: false },
  ],
  rtp: { protocol: 'udp', first: 10000, last: 20000 },
  trusted: [],
  answerPings: true,
};
