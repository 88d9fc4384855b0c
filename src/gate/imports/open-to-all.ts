/** What a rule list opens to the whole world without any guard of ours: mode secure closes it, and people must know. */
import type { Found } from '../../domain/rule-list';
import { overlaps, type Ports, type Service } from '../../domain/service';

interface OpenToAll {
  readonly who: string;
  readonly why: string;
  readonly hint: string;
}

/** Undefined: it opens no such thing, or what stays open in mode secure. */
export function openToAll(
  { verdict, source, ports, device, rule, isMarked }: Found,
  services: readonly Service[],
): OpenToAll | undefined {
  if (verdict === 'drop' || source !== undefined || ports === undefined || isMarked) return undefined;
  const closing = services.filter((its) => !its.guarded && its.policy !== 'open' && opens(ports, its));
  const unnamed = ports.filter((each) => !DHCP.includes(sayPorts(each)) && !services.some((its) => opens([each], its)));
  if (closing.length + unnamed.length === 0) return undefined;
  const those = [...closing.map(({ name }) => name), ...unnamed.map(sayPorts)].join(', ');
  return {
    who: device === undefined ? 'everybody' : `everybody on ${device}`,
    why: `${rule} opens ${those} to the world, and mode secure closes it`,
    hint: [...hintOf(closing, unnamed), ...(device === undefined ? [] : [OWN_NETWORK])].join('. '),
  };
}

/** Let in by mode secure itself. */
const DHCP = ['udp/67', 'udp/68', 'udp/67-68', 'udp/546', 'udp/547', 'udp/546-547'];
const OWN_NETWORK = 'If it is your own network: firewall.trusted';

function hintOf(closing: readonly Service[], unnamed: readonly Ports[]): string[] {
  // The settings refuse to open media to the world.
  const choice = closing.filter(({ name }) => name !== 'rtp');
  const sound = closing.length > choice.length ? ['the sound of whom you let in comes in all the same'] : [];
  const answers = unnamed.length > 0 ? ['answers to what this machine asks come in all the same'] : [];
  const few = choice.map(({ name }) => name).join(',');
  const some = few === '' ? [] : [`let in who needs it: tollgate allow ADDRESS --service ${few}`];
  const sections = [
    ...choice.map(({ name, ports }) => section(name, ports)),
    ...(unnamed.length > 0 ? [section('NAME', unnamed)] : []),
  ];
  const all = sections.length === 0 ? [] : [`to keep it open to all, in the settings: ${sections.join('; ')}`];
  return [[...sound, ...answers, ...some, ...all].join('; ')];
}

/** A section replaces a service wholly, so its ports are in it. */
function section(name: string, ports: readonly Ports[]): string {
  return `[services.${name}] ports = [${ports.map((each) => `"${sayPorts(each)}"`).join(', ')}], policy = "open"`;
}

export function opens(ports: readonly Ports[], service: Service): boolean {
  return service.ports.some((its) => ports.some((rule) => overlaps(rule, its)));
}

function sayPorts({ protocol, first, last }: Ports): string {
  return `${protocol}/${first === last ? first : `${first}-${last}`}`;
}
