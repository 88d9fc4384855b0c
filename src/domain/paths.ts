/** How packets reach this machine: by which device, from which side, and which networks are its own LANs. */
import { covers, isSingle, prefixOf, type Network } from './network';
import { reachOf } from './reach';
import type { Links, Scene, Trusted } from './surroundings';

type Placed = Pick<Scene, 'addresses' | 'routes'>;

/** The device that answers to `far` leave by, and so packets from there come in by; `lo` for this machine's own. */
export function deviceTo(far: Network, { addresses, routes }: Placed): string | undefined {
  if (addresses.some(({ address }) => address === far) || reachOf(far) === 'loopback') return 'lo';
  const fitting = routes.filter(({ to }) => covers(to, far));
  return [...fitting].sort((a, b) => prefixOf(b.to) - prefixOf(a.to))[0]?.device;
}

/** Does the Internet reach it without a router that translates? */
export function hasPublicAddress({ addresses }: Pick<Scene, 'addresses'>): boolean {
  return addresses.some(({ address }) => ['public', 'documentation'].includes(reachOf(address)));
}

/** Containers, virtual machines and tunnels have networks of their own here, which are no LAN. */
const NO_LAN = /^(docker|br-[0-9a-f]{12}|veth|virbr|cni|podman|lxc|tun|tap|wg|ppp|tailscale|zt)/;

/** Private networks on a link of this machine. */
export function lansOf({ addresses }: Pick<Scene, 'addresses'>): readonly Trusted[] {
  const lans = addresses
    .filter(({ network, device }) => reachOf(network) === 'private' && !isSingle(network) && !NO_LAN.test(device))
    .map(({ network, device }) => ({ network, device }));
  return [...new Map(lans.map((lan) => [`${lan.network} ${lan.device}`, lan])).values()];
}

/** A DHCP client's port. */
const CLIENT = 68;

/** Devices whose IPv4 address was leased; undefined: a client waits for an answer, nobody knows where. */
export function dhcpDevicesOf({ addresses, routes, listeners }: Scene): Links['dhcpDevices'] {
  const leased = addresses.filter(({ address, isDynamic }) => isDynamic && !address.includes(':'));
  const routed = routes.filter(({ to, byDhcp }) => byDhcp && !to.includes(':'));
  const devices = [...new Set([...leased, ...routed].map(({ device }) => device))];
  const isAsking = listeners.some(({ protocol, port }) => protocol === 'udp' && port === CLIENT);
  return devices.length === 0 && isAsking ? undefined : devices;
}
