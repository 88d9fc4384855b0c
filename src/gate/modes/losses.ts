/** Before the firewall gets stricter: everybody who talks to this PBX, and who of them would not be heard any more. */
import type { Packet, Policy } from '../../domain/firewall';
import { isSingle, type Network } from '../../domain/network';
import { deviceTo } from '../../domain/paths';
import type { HeardPeer, Peer } from '../../domain/phones';
import { samplesOf } from '../../domain/samples';
import type { Ports, Service } from '../../domain/service';
import { spokenBy } from '../../domain/spoken';
import type { Connection, Scene, Unseen } from '../../domain/surroundings';
import { AppError } from '../../errors';
import type { Located, Nowhere } from '../located';
import type { Parts } from '../parts';
import type { Ruling } from './policy';

/** Somebody with the packets that he sends; he is heard while one of them gets through. */
interface Witness {
  /** `phone 701 192.0.2.7`, each word of which `--lose` may say. */
  readonly who: string;
  readonly packets: readonly Packet[];
}

export type Placed = Pick<Scene, 'addresses' | 'routes'>;

/**
 * Those of `peers` and `connections` who get through `before` and not `after`; who is nowhere, while signalling was not
 * closed before; and those whom nobody could see.
 */
export function whoWouldBeLost(
  { firewall }: Pick<Parts, 'firewall'>,
  { before, after }: { readonly before: Ruling; readonly after: Ruling },
  {
    peers,
    nowhere,
    scene,
  }: Located & { readonly scene: Pick<Scene, 'addresses' | 'routes' | 'connections' | 'unseen'> },
): readonly string[] {
  const { services } = after.policy;
  const witnesses = [
    ...peers.flatMap((peer) => peerWitnesses(peer, services, { scene, rulings: [before, after] })),
    ...scene.connections.flatMap((each) => connectionWitness(each, after.policy, scene)),
  ];
  const [was, is] = [through(firewall, before, witnesses), through(firewall, after, witnesses)];
  const lost = witnesses.filter(
    ({ packets }) => packets.some((packet) => was.has(packet)) && !packets.some((packet) => is.has(packet)),
  );
  const unknown = before.policy.mode === 'watch' ? nowhere.map(nowhereText) : [];
  const isStricter = (after.policy.trial?.mode ?? after.policy.mode) !== before.policy.mode;
  const unseen = isStricter ? scene.unseen.flatMap(unseenText) : [];
  return [...new Set([...lost.map(({ who }) => who), ...unknown, ...unseen])].sort();
}

/** Would this address reach the port of the admin's shell? */
export function reachesShell(
  { firewall }: Pick<Parts, 'firewall'>,
  { policy, elements }: Ruling,
  { far, ownPort, scene }: { readonly far: Network; readonly ownPort: number; readonly scene: Placed },
): boolean {
  const [fate] = firewall.foretell(policy, elements, [packetFrom(far, { protocol: 'tcp', port: ownPort }, scene)]);
  return fate !== 'drop';
}

/** Who is connected, only these can tell. */
const TELLS: Readonly<Record<string, string>> = { ss: 'TCP connections', conntrack: 'UDP flows' };

function unseenText({ tool, why }: Unseen): string[] {
  const what = TELLS[tool];
  return what === undefined ? [] : [`${what} that only ${tool} tells (${why})`];
}

/** Those whose signalling would get through, from each address that they may have. */
export function whoIsHeard(
  { firewall }: Pick<Parts, 'firewall'>,
  is: Ruling,
  { peers, scene }: { readonly peers: readonly HeardPeer[]; readonly scene: Placed },
): ReadonlySet<HeardPeer> {
  const { services } = is.policy;
  const asked = peers.map((peer) => ({ peer, witnesses: peerWitnesses(peer, services, { scene, rulings: [is] }) }));
  const heard = through(
    firewall,
    is,
    asked.flatMap(({ witnesses }) => witnesses),
  );
  const isHeard = ({ packets }: Witness) => packets.some((packet) => heard.has(packet));
  return new Set(asked.flatMap(({ peer, witnesses }) => (witnesses.every(isHeard) ? [peer] : [])));
}

/** Those of all their packets that get through, asked at once: each time the rules make sets of all members. */
function through(
  firewall: Parts['firewall'],
  { policy, elements }: Ruling,
  witnesses: readonly Witness[],
): ReadonlySet<Packet> {
  const packets = witnesses.flatMap((witness) => witness.packets);
  const fates = firewall.foretell(policy, elements, packets);
  return new Set(packets.filter((_, i) => fates[i] !== 'drop'));
}

/** It signals to one of these ports; which, only Asterisk knows. A trunk's network is a witness for each kind of address in it. */
function peerWitnesses(
  peer: HeardPeer,
  services: readonly Service[],
  { scene, rulings }: { readonly scene: Placed; readonly rulings: readonly Ruling[] },
): readonly Witness[] {
  const ports = spokenBy(peer, services).flatMap((service) => service.ports);
  const samples = isSingle(peer.address) ? [peer.address] : samplesOf(peer.address, groupsOf(rulings, scene));
  return samples.map((from) => ({
    who: textOf(peer),
    packets: ports.map(({ protocol, first }) => packetFrom(from, { protocol, port: first }, scene)),
  }));
}

/** The networks by which a packet is judged: which of those in one group it comes from is all the same. */
function* groupsOf(rulings: readonly Ruling[], { addresses, routes }: Placed): Generator<Iterable<Network>> {
  for (const members of new Set(rulings.flatMap(({ elements }) => [...elements.values()]))) yield members.keys();
  for (const { policy } of rulings) {
    for (const { network } of policy.trusted) yield [network];
    if (policy.permitted) for (const { networks } of Object.values(policy.permitted)) yield networks;
  }
  yield addresses.map(({ address }) => address);
  for (const { to } of routes) yield [to];
}

function textOf({ kind, name, host, address }: Peer): string {
  return [kind, name, host, address].filter((word) => word !== undefined).join(' ');
}

function nowhereText({ peer, why }: Nowhere): string {
  return `${textOf(peer)} (${why})`;
}

/** What goes to a signalling port is a phone's, which Asterisk has told, or a stranger's. */
function connectionWitness(connection: Connection, { services, rtp }: Policy, scene: Placed): Witness[] {
  const { protocol, far, farPort, ownPort, isOurs } = connection;
  const signalling = services.filter((service) => service.signalling).flatMap(({ ports }) => ports);
  if (!isOurs && holds(signalling, protocol, ownPort)) return [];
  // Media that others began is forgotten when the rules come into force, and answers Asterisk's own next packet.
  const isReply = isOurs || holds([rtp], protocol, ownPort);
  const packet = { ...packetFrom(far, { protocol, port: ownPort }, scene), fromPort: farPort, isReply };
  const what = isOurs ? `connection to ${protocol}/${farPort} of` : `connection to our ${protocol}/${ownPort} from`;
  return [{ who: `${what} ${far}`, packets: [packet] }];
}

function packetFrom(from: Network, { protocol, port }: Pick<Packet, 'protocol' | 'port'>, scene: Placed): Packet {
  const isOwn = scene.addresses.some(({ address }) => address === from);
  return { protocol, from, port, device: deviceTo(from, scene), isReply: false, isOwn };
}

function holds(ranges: readonly Ports[], protocol: string, port: number): boolean {
  return ranges.some((range) => range.protocol === protocol && range.first <= port && port <= range.last);
}

/** Rejects as AMI does, saying what it is needed for. */
export async function peersOf({ phones }: Parts): Promise<readonly Peer[]> {
  try {
    return await phones.peers();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const what = `nobody can say which phones would be cut off: ${error.what}`;
    throw new AppError(error.code, what, `${error.hint}; or do it all the same with --without-asterisk`, error);
  }
}
