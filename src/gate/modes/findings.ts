/** What was found around the machine, in words, before its firewall gets stricter. */
import type { Policy } from '../../domain/firewall';
import type { Network } from '../../domain/network';
import { hasPublicAddress, lansOf } from '../../domain/paths';
import { reachOf } from '../../domain/reach';
import type { Service } from '../../domain/service';
import type { FoundShape } from '../../domain/shapes';
import type { Listener, Redirect, Scene } from '../../domain/surroundings';
import type { ListeningPorts, OutsideAddress } from '../../domain/phones';

export interface Around {
  readonly scene: Scene;
  /** Also the public address of a router, by the settings or by Asterisk. */
  readonly ownAddresses: readonly Network[];
  readonly outsideAddresses: readonly OutsideAddress[];
  /** Undefined: Asterisk was not asked. */
  readonly listening: ListeningPorts | undefined;
  /** Who always has access. */
  readonly waysIn: readonly string[];
  /** Of others' rules, what may drop or let in past us. */
  readonly neighbours: readonly string[];
}

export function findingsOf(
  { scene, ownAddresses, outsideAddresses, listening, waysIn, neighbours }: Around,
  policy: Policy,
): readonly FoundShape[] {
  const { addresses, routes, resolvers, managers, unseen } = scene;
  const found = (what: string, texts: readonly string[]): FoundShape[] => texts.map((text) => ({ what, text }));
  const sayOf = (own: Network) => outsideAddresses.find(({ address }) => address === own)?.from ?? 'the settings';
  const elsewhere = [...new Set(ownAddresses)]
    .filter((own) => reachOf(own) !== 'loopback' && !addresses.some(({ address }) => address === own))
    .map((own) => `${own}, by ${sayOf(own)}`);
  const gateways = routes.flatMap(({ gateway, device }) => (gateway === undefined ? [] : [`${gateway} on ${device}`]));
  const trusted = policy.trusted.map(({ network, device }) => `${network}@${device}`);
  const isTrusted = (text: string) => trusted.includes(text);
  const lans = lansOf(scene).map(({ network, device }) => `${network}@${device}`);
  return [
    ...found(
      'own address',
      addresses.map(({ address, device }) => `${address} on ${device}`),
    ),
    ...found('own address', elsewhere),
    ...found(
      'not seen',
      unseen.map(({ tool, why }) => `what ${tool} tells: ${why}`),
    ),
    ...found('connected', [hasPublicAddress(scene) ? 'straight to the Internet' : 'behind a router']),
    ...found('gateway', [...new Set(gateways)]),
    ...found('resolver', resolvers),
    ...found('Asterisk listens', listening ? [portsText([...listening.sip, ...listening.iax])] : ['nobody asked it']),
    ...found('way in', waysIn),
    ...found('trusted', trusted),
    ...found(
      'not trusted',
      lans.filter((lan) => !isTrusted(lan)).map((lan) => `${lan} (--trust ${lan})`),
    ),
    ...found('DHCP', [policy.dhcpDevices ? policy.dhcpDevices.join(', ') || 'no device uses it' : 'on any device']),
    ...found(
      'firewall',
      managers.map((manager) => `${manager} has rules of its own`),
    ),
    ...found('firewall', neighbours),
    ...found('firewall', scene.redirects.map(redirectText)),
    ...found(
      'service',
      scene.listeners.map((listener) => serviceText(listener, policy)),
    ),
  ];
}

function portsText(ports: ListeningPorts['sip']): string {
  return ports.map(({ protocol, first }) => `${protocol}/${first}`).join(', ') || 'nowhere: is it running?';
}

/** What stays reachable of what listens, and what to write for more. */
function serviceText({ protocol, port, program }: Listener, { services, trial, mode }: Policy): string {
  const here = services.filter(({ ports }) =>
    ports.some((range) => range.protocol === protocol && range.first <= port && port <= range.last),
  );
  const name = here.map((service) => service.name).join(', ');
  const which = `${protocol}/${port}${name === '' ? '' : ` (${name})`}${program === undefined ? '' : `, ${program}`}`;
  return `${which}: ${reachText(here, (trial?.mode ?? mode) === 'secure')}`;
}

function reachText(services: readonly Service[], isSecure: boolean): string {
  const closed = services.filter(({ policy, name }) => policy !== 'open' && name !== 'rtp');
  if (services.some(({ name }) => name === 'rtp') && closed.length === 0) return 'media of entries and of calls';
  const isOpen = services.some(({ policy }) => policy === 'open') && closed.length === 0;
  const byCountry = closed.some(({ policy }) => policy === 'countries') ? ', and permitted countries' : '';
  const few = `entries and trusted networks only${byCountry}`;
  if (isSecure) return isOpen ? 'open to the world' : few;
  return closed.some(({ guarded, signalling }) => guarded || signalling) ? few : 'left to your own rules';
}

export function redirectText({ ports, to }: Redirect): string {
  const last = ports && ports.last > ports.first ? `-${ports.last}` : '';
  return `packets to ${ports ? `${ports.protocol}/${ports.first}${last}` : 'every port'} are handed on to ${to}`;
}
