/** A PBX with its firewall, a host outside with several addresses, and packets between them that are really counted. */
import type { Elements, Firewall, Mode, Policy } from '../../src/domain/firewall';
import type { Until } from '../../src/domain/entry';
import type { Family } from '../../src/domain/network';
import { connect, makeHost, type Host } from '../../src/lab/host';
import { firewallOn, PBX, type HostFirewall } from './firewall-host';
import { net } from './net';
import { probeOn, type Probe } from './probe';
import { until } from './until';

export interface Addresses {
  readonly family: Family;
  readonly pbx: string;
  /** Another one of the PBX's own, which the host outside has as well, to forge with. */
  readonly own: string;
  readonly hotel: string;
  readonly stranger: string;
  readonly loopback: string;
}
export const V4: Addresses = {
  family: 4,
  pbx: '198.51.100.1',
  own: '203.0.113.1',
  hotel: '198.51.100.7',
  stranger: '198.51.100.8',
  loopback: '127.0.0.1',
};
export const V6: Addresses = {
  family: 6,
  pbx: '2001:db8::1',
  own: '2001:db8:1::1',
  hotel: '2001:db8::7',
  stranger: '2001:db8::8',
  loopback: '::1',
};

export interface PacketLab extends HostFirewall {
  readonly pbx: Host;
  readonly outside: Host;
  readonly inside: Probe;
  readonly far: Probe;
  /** Applies a mode (and what else of the policy is given) with these members for good. */
  enter(mode: Mode, members?: Members, more?: Partial<Policy>): Promise<void>;
  open(set: string, address: string, end?: Until): Promise<void>;
  close(set: string, address: string): Promise<void>;
  /** Sends one UDP packet and tells, when it has passed the firewall for certain, whether the PBX's socket got it. */
  reaches(from: string, to: string, port: number): Promise<boolean>;
  /** Only makes the sockets that `reaches` uses; their ids are `far ADDRESS 5060` and `pbx ADDRESS PORT`. */
  farSocket(from: string): Promise<string>;
  insideSocket(to: string, port: number): Promise<string>;
  /** Writes into a TCP connection and tells whether the other end, inside, got it. */
  writeReaches(id: string, insideId: string): Promise<boolean>;
  end(): Promise<void>;
}
type Members = Readonly<Record<string, readonly string[]>>;

/** A host whose own addresses are not tentative for a second, in which it finds no neighbour. */
export async function makeSettledHost(name: string): Promise<Host> {
  const host = await makeHost(name);
  await host.run('sysctl', ['-qw', 'net.ipv6.conf.default.accept_dad=0']);
  return host;
}

export async function makePacketLab(): Promise<PacketLab> {
  const [pbx, outside] = [await makeSettledHost('pbx'), await makeSettledHost('outside')];
  const cidr = (address: string) => `${address}/${address.includes(':') ? 64 : 24}`;
  const own = [V4, V6].map((each) => `${each.own}/${each.family === 4 ? 32 : 128}`);
  await connect(
    pbx,
    [...[V4.pbx, V6.pbx].map(cidr), ...own],
    outside,
    [V4.hotel, V4.stranger, V6.hotel, V6.stranger].map(cidr),
  );
  // To forge an address one only has to have it.
  for (const address of own) await outside.run('ip', ['address', 'add', address, 'dev', 'lo']);
  // IPv4 drops such packets before the firewall, IPv6 never does; here both come through.
  for (const at of ['all', 'to-outside']) {
    await pbx.run('sysctl', ['-qw', `net.ipv4.conf.${at}.accept_local=1`, `net.ipv4.conf.${at}.rp_filter=0`]);
  }
  for (const tool of ['iptables', 'ip6tables']) {
    await pbx.run(tool, ['-t', 'raw', '-A', 'PREROUTING', '!', '-i', 'lo', '-p', 'udp']);
    await pbx.run(tool, ['-t', 'raw', '-A', 'PREROUTING', '!', '-i', 'lo', '-p', 'tcp']);
  }
  const [inside, far] = [probeOn(pbx), probeOn(outside)];
  const real = firewallOn(pbx);
  const end = async (): Promise<void> => {
    inside.close();
    far.close();
    await real.firewall.close();
    pbx.close();
    outside.close();
  };
  return { pbx, outside, inside, far, end, ...real, ...doors(real.firewall), ...packets(pbx, inside, far) };
}

function packets(pbx: Host, inside: Probe, far: Probe) {
  let serial = 0;
  const bound = new Set<string>();

  async function udpSocket(probe: Probe, side: string, from: string, port: number): Promise<string> {
    const id = `${side} ${from} ${port}`;
    if (!bound.has(id)) await probe.open({ do: 'udp', id, from, port });
    bound.add(id);
    return id;
  }

  /** What was queued for the sockets inside before now has been heard when this resolves. */
  async function fence(family: Family): Promise<void> {
    const loopback = family === 4 ? V4.loopback : V6.loopback;
    const id = await udpSocket(inside, 'fence', loopback, 999);
    for (let times = 0; times < 2; times++) {
      const text = `fence ${serial++}`;
      inside.send(id, text, loopback, 999);
      await until(() => inside.heard(id).includes(text), 'a fence');
    }
  }

  async function reaches(from: string, to: string, port: number): Promise<boolean> {
    const family = to.includes(':') ? 6 : 4;
    const there = await udpSocket(inside, 'pbx', to, port);
    const here = await udpSocket(far, 'far', from, 5060);
    const before = await arrived(pbx, family, 'udp');
    const text = `packet ${serial++}`;
    far.send(here, text, to, port);
    await until(async () => (await arrived(pbx, family, 'udp')) > before, `a packet from ${from} at the PBX`);
    await fence(family);
    return inside.heard(there).includes(text);
  }

  async function writeReaches(id: string, insideId: string): Promise<boolean> {
    const before = await Promise.all(([4, 6] as const).map((family) => arrived(pbx, family, 'tcp')));
    const text = `<written ${serial++}>`;
    far.write(id, text);
    await until(async () => {
      const now = await Promise.all(([4, 6] as const).map((family) => arrived(pbx, family, 'tcp')));
      return now.some((count, i) => count > (before[i] ?? 0));
    }, `what ${id} wrote at the PBX`);
    await fence(4);
    return inside.heard(insideId).join('').includes(text);
  }

  return {
    reaches,
    writeReaches,
    farSocket: (from: string) => udpSocket(far, 'far', from, 5060),
    insideSocket: (to: string, port: number) => udpSocket(inside, 'pbx', to, port),
  };
}

function doors(firewall: Firewall) {
  return {
    async enter(mode: Mode, members: Members = {}, more: Partial<Policy> = {}): Promise<void> {
      const sets = Object.entries(members);
      const elements: Elements = new Map(
        sets.map(([set, texts]) => [set, new Map(texts.map((text) => [net(text), 'forever']))]),
      );
      await firewall.apply({ ...PBX, ...more, mode }, elements);
    },
    open: (set: string, address: string, end: Until = 'forever') =>
      firewall.change([{ set, network: net(address), until: end }]),
    close: (set: string, address: string) => firewall.change([{ set, network: net(address), until: undefined }]),
  };
}

/** UDP or TCP packets that came over the cable, before any verdict. */
async function arrived(pbx: Host, family: Family, protocol: 'udp' | 'tcp'): Promise<number> {
  const saved = await pbx.run(family === 4 ? 'iptables-save' : 'ip6tables-save', ['-c', '-t', 'raw']);
  return Number(new RegExp(`^\\[(\\d+):\\d+\\] -A PREROUTING ! -i lo -p ${protocol}$`, 'm').exec(saved)?.[1]);
}
