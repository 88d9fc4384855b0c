/** What the set of permitted countries costs each packet, as one processor generates and filters a flood. */
import type { Elements, Permitted } from '../../src/domain/firewall';
import { addressOf } from '../../src/domain/address-range';
import type { Countries } from '../../src/domain/country';
import { covers, type Network } from '../../src/domain/network';
import type { Service } from '../../src/domain/service';
import { connect, makeHost, type Host } from '../../src/lab/host';
import { inTree, type Room } from '../../src/lab/room';
import { BENCH, tree } from '../../src/lab/trees';
import { permittedNetworks } from '../../src/gate/countries/permitted-networks';
import { firewallOn, PBX } from '../support/firewall-host';
import { unitedStatesAndCanada } from './countries';
import { alternate, type Rounds } from './rounds';
import { number, told, type Row } from './row';
import { median, ratioOf } from './statistics';

const ROUNDS = 11;
const PACKETS = 200_000;
/** Its chain holds sets and nothing else: no copies of knocks, so that what the set costs is seen best. */
const IAX_PORT = 4569;
const ENTRIES = 100;

/** `least`: so much must be left of the packets a second that pass without the set. */
const SOURCES = [
  { name: 'one', what: 'one stranger’s address', saddr: '203.0.113.9', least: 0.9 },
  // 1.0.0.0 to 126.255.255.255; about every third is permitted
  { name: 'random', what: 'random addresses', saddr: 'drnd(16777216, 2130706431)', least: 0.75 },
] as const;
/** The worst: only the large set itself tells that he is none of the permitted. For information. */
const NEARBY = { name: 'nearby', what: 'a stranger’s address among permitted ones', least: undefined } as const;
type Source = (typeof SOURCES)[number] | (typeof NEARBY & { readonly saddr: Network });

/** A host that the flood reaches over a cable of its own. */
interface Target {
  readonly host: Host;
  readonly address: string;
  /** Packets that the chain has decided about. */
  readonly decided: () => Promise<number>;
  close(): Promise<void>;
}

export async function packets(folder: string): Promise<Row[]> {
  const judged = await unitedStatesAndCanada(folder);
  const permitted = permittedNetworks().of(judged);
  const nearby = strangerNearby(judged, permitted);
  const outside = await makeHost('outside');
  const room = await inTree(outside, await tree(BENCH, { progress: (line) => void process.stderr.write(`${line}\n`) }));
  const targets = {
    without: await target(outside, 'without', 1),
    with: await target(outside, 'with', 2, permitted),
  };
  const bare = await bareTarget(outside, 3);
  const rows: Row[] = [];
  for (const source of [...SOURCES, { ...NEARBY, saddr: nearby }]) {
    const flooding = (target: Target) => flood(room, source, target);
    const measured = await alternate(
      {
        with: () => flooding(targets.with),
        without: () => flooding(targets.without),
        bare: () => flooding(bare),
      },
      { rounds: ROUNDS },
    );
    rows.push(...rowsOf(source, measured));
  }
  for (const each of [targets.with, targets.without, bare]) await each.close();
  room.close();
  outside.close();
  return rows;
}

function rowsOf({ what, least }: Source, all: Readonly<Record<'with' | 'without' | 'bare', Rounds>>): Row[] {
  const ratio = ratioOf(all.with, all.without, median);
  const goal =
    least === undefined
      ? undefined
      : { text: `at most ${Math.round((1 - least) * 100)} % less`, met: ratio.value >= least };
  const aSecond = (rounds: Rounds) => `${number(median(rounds.flat()) / 1e6)} million a second`;
  const ns = (rounds: Rounds) => 1e9 / median(rounds.flat());
  const parts = [ns(all.with) - ns(all.bare), ns(all.without) - ns(all.bare), ns(all.bare)];
  return [
    {
      what: `packets through the chain with the set of the United States and Canada, from ${what}`,
      against: 'the same chain without it',
      ...{ ours: aSecond(all.with), theirs: aSecond(all.without), ratio, goal },
    },
    told(
      `of the time of a packet from ${what}: the chain with the set, without it, and all else, the generator too`,
      parts.map((one) => `${one.toFixed(0)} ns`).join(', '),
    ),
  ];
}

/** Within the outer bound, and not permitted: in the middle of the /16 that the most ranges share. */
function strangerNearby(judged: Countries, { 4: { outer } }: Permitted): Network {
  const ranges = judged.permitted().filter(({ family }) => family === 4);
  const inEach = new Map<bigint, number>();
  for (const { first } of ranges) inEach.set(first >> 16n, (inEach.get(first >> 16n) ?? 0) + 1);
  const [most] = [...inEach].sort(([, a], [, b]) => b - a)[0] ?? [];
  const behind = ranges.filter(({ last }) => last >> 16n === most).map(({ last }) => addressOf(4, last + 1n));
  const address = behind.find((one) => judged.lookup(one).stranger && outer.some((network) => covers(network, one)));
  if (address === undefined) throw new Error('there is no stranger among permitted addresses');
  return address;
}

/** Resolves to packets a second, by the kernel's counters and the generator's clock. */
async function flood(room: Room, { saddr }: Source, { host, address, decided }: Target): Promise<number[]> {
  const [{ address: mac } = { address: '' }] = JSON.parse(
    await host.run('ip', ['-j', 'link', 'show', 'to-outside']),
  ) as { address: string }[];
  const packet = `{ eth(da=${mac}), ipv4(saddr=${saddr}, daddr=${address}), udp(sport=${IAX_PORT}, dport=${IAX_PORT}), fill(0x41, 20) }`;
  await room.write('/flood.cfg', packet);
  const before = await decided();
  const how = ['--no-sock-mem', '--notouch-irq', '--cpus', '1', '--num', String(PACKETS)];
  const said = await room.run('trafgen', [...how, '--dev', `to-${host.name}`, '--conf', '/flood.cfg'], {
    timeoutMs: 60_000,
  });
  const [, seconds, micro] = /(\d+) sec, (\d+) usec on CPU/.exec(said) ?? [];
  return [((await decided()) - before) / (Number(seconds) + Number(micro) / 1e6)];
}

async function cabled(outside: Host, name: string, n: number): Promise<{ host: Host; address: string }> {
  const host = await makeHost(name);
  const address = `198.51.100.${n * 8 + 1}`;
  await connect(host, [`${address}/29`], outside, [`198.51.100.${n * 8 + 2}/29`]);
  await host.run('ip', ['route', 'add', 'default', 'via', `198.51.100.${n * 8 + 2}`]);
  for (const at of ['all', 'to-outside']) await host.run('sysctl', ['-qw', `net.ipv4.conf.${at}.rp_filter=0`]);
  return { host, address };
}

async function target(outside: Host, name: string, n: number, permitted?: Permitted): Promise<Target> {
  const { host, address } = await cabled(outside, name, n);
  const { firewall } = firewallOn(host);
  const policy: Service['policy'] = permitted ? 'countries' : 'whitelist';
  const services = PBX.services.map((one) => (one.name === 'iax' ? { ...one, policy } : one));
  const open = Array.from({ length: ENTRIES }, (_, i) => [`192.0.2.${i}` as Network, 'forever'] as const);
  const elements: Elements = new Map([['iax', new Map(open)]]);
  await firewall.apply({ ...PBX, mode: 'guard', services, ...(permitted && { permitted }) }, elements);
  // What is let in ends right behind the chain, so that it costs as little as what is not.
  await host.run('iptables', ['-t', 'security', '-A', 'INPUT', '-j', 'DROP']);
  const decided = () => counted(host, /^\[(\d+):\d+\] -A TOLLGATE-GUARD-(?:IAX|COUNTRY) .*-j (?:DROP|ACCEPT)$/gm);
  const close = async () => {
    await firewall.close();
    host.close();
  };
  return { host, address, decided, close };
}

/** The way to a chain, without one: what is left is the generator's and the network's. */
async function bareTarget(outside: Host, n: number): Promise<Target> {
  const { host, address } = await cabled(outside, 'bare', n);
  await host.run('iptables', ['-A', 'INPUT', '-j', 'DROP']);
  const decided = () => counted(host, /^\[(\d+):\d+\] -A INPUT -j DROP$/gm);
  const close = () => {
    host.close();
    return Promise.resolve();
  };
  return { host, address, decided, close };
}

/** The counters of these rules together. */
async function counted(host: Host, rule: RegExp): Promise<number> {
  const saved = await host.run('iptables-save', ['-c', '-t', 'filter']);
  return [...saved.matchAll(rule)].reduce((sum, [, count]) => sum + Number(count), 0);
}
