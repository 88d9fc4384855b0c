/** Who is connected and what listens: TCP from `ss`, UDP flows from conntrack, because a UDP socket knows no peer. */
import { parseAddress, type Network } from '../domain/network';
import type { Connection, Listener } from '../domain/surroundings';

interface End {
  /** Undefined: every address. */
  readonly address: Network | undefined;
  readonly port: number;
}

/** From `ss -H -n -t -u -a -p`. Whose port listens was called; the other side of a TCP connection began it. */
export function readSockets(text: string): {
  readonly listeners: readonly Listener[];
  readonly connections: readonly Connection[];
} {
  const lines = text.split('\n').flatMap((line) => readLine(line) ?? []);
  const waiting = lines.filter(({ state }) => state === 'LISTEN' || state === 'UNCONN');
  const listeners = waiting
    .filter(({ own }) => own.address === undefined || !isLoopback(own.address))
    .map(({ protocol, own, program }) => ({ protocol, port: own.port, program }));
  const called = new Set(waiting.filter(({ protocol }) => protocol === 'tcp').map(({ own }) => own.port));
  const connections = lines.flatMap(({ protocol, state, own, far }): Connection[] => {
    if (protocol !== 'tcp' || state !== 'ESTAB' || !own.address || !far.address || isLoopback(own.address)) return [];
    const ends = { far: far.address, farPort: far.port, own: own.address, ownPort: own.port };
    return [{ protocol, ...ends, isOurs: !called.has(own.port) }];
  });
  return { listeners: distinct(listeners), connections };
}

/** From `conntrack -L -p udp`: flows that were answered, and that are not translated to somewhere else. */
export function readFlows(text: string, own: ReadonlySet<Network>): readonly Connection[] {
  return text.split('\n').flatMap((line): Connection[] => {
    const [, from = '', to = '', fromPort, toPort, answering] = FLOW.exec(line) ?? [];
    const [source, target] = [parseAddress(from), parseAddress(to)];
    if (!source || !target || parseAddress(answering ?? '') !== target || own.has(source) === own.has(target))
      return [];
    const isOurs = own.has(source);
    const [far, farPort, mine, ownPort] = isOurs
      ? [target, toPort, source, fromPort]
      : [source, fromPort, target, toPort];
    return [{ protocol: 'udp', far, farPort: Number(farPort), own: mine, ownPort: Number(ownPort), isOurs }];
  });
}

const FLOW =
  /^udp .*? src=([0-9a-f.:]+) dst=([0-9a-f.:]+) sport=(\d+) dport=(\d+) (?:packets=\d+ bytes=\d+ )?src=([0-9a-f.:]+) /;

function readLine(line: string) {
  const [protocol, state = '', , , own = '', far = '', process = ''] = line.trim().split(/\s+/);
  if (protocol !== 'udp' && protocol !== 'tcp') return undefined;
  const [mine, theirs] = [readEnd(own), readEnd(far)];
  if (!mine || !theirs) return undefined;
  return { protocol, state, own: mine, far: theirs, program: /^users:\(\("([^"]*)"/.exec(process)?.[1] } as const;
}

/** `192.0.2.1:22`, `[2001:db8::1]:22`, `192.0.2.1%eth0:68`, `*:22`, `0.0.0.0:*`. */
function readEnd(text: string): End | undefined {
  const [, bare = '', port = ''] = /^(.*):(\d+|\*)$/.exec(text) ?? [];
  if (port === '') return undefined;
  const address = parseAddress(bare.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''));
  const isAny = address === undefined || address === '0.0.0.0' || address === '::';
  return { address: isAny ? undefined : address, port: port === '*' ? 0 : Number(port) };
}

function isLoopback(address: Network): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** A program may listen on one port with a socket for each address. */
function distinct(listeners: readonly Listener[]): readonly Listener[] {
  const ports = new Map(listeners.map((each) => [`${each.protocol} ${each.port}`, each]));
  return [...ports.values()].sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}
