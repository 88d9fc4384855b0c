/** What the kernel is to hold in a mode: the rules, and the members that live entries make. */
import { elementsFor, WAS } from '../domain/elements';
import type { Entry } from '../domain/entry';
import type { Elements, Look, Mode, Policy } from '../domain/firewall';
import type { ListeningPorts } from '../domain/phones';
import type { Service } from '../domain/service';
import type { ModeState } from '../domain/store';
import { termsOf } from './outlasting';
import type { Parts } from './parts';

/** A state in which a mode was chosen. */
export type Chosen = ModeState & { readonly mode: Mode };

/** The services with the ports on which Asterisk was found listening added to `sip` and `iax`. */
export function servicesWith(services: readonly Service[], listening: ListeningPorts | undefined): readonly Service[] {
  const found: Readonly<Record<string, Service['ports']>> = { sip: listening?.sip ?? [], iax: listening?.iax ?? [] };
  return services.map((service) => {
    const known = new Set(service.ports.map((ports) => JSON.stringify(ports)));
    const more = (found[service.name] ?? []).filter(
      ({ protocol, first, last }) => !known.has(JSON.stringify({ protocol, first, last })),
    );
    return { ...service, ports: [...service.ports, ...more] };
  });
}

export function policyOf({ services, rules }: Pick<Parts, 'services' | 'rules'>, state: Chosen, now: Date): Policy {
  const { mode, trial, listening, links } = state;
  return {
    mode,
    trial: trial && trial.until.getTime() > now.getTime() ? { mode: trial.mode, until: trial.until } : undefined,
    services: servicesWith(services, listening),
    rtp: rules.rtp,
    trusted: [...rules.trusted, ...(links?.trusted ?? [])],
    answerPings: rules.answerPings,
    ...(links?.dhcpDevices && { dhcpDevices: links.dhcpDevices }),
  };
}

/** Of all live entries and of `more`, which are not in the store yet. `look`: at the kernel, which remembers addresses. */
export async function elementsIn(
  parts: Parts,
  policy: Policy,
  { more = [], look }: { readonly more?: readonly Entry[]; readonly look?: Look },
): Promise<Elements> {
  const { store, firewall, clock } = parts;
  const now = clock.now();
  const live = [...(await store.openEntries(now)), ...(await store.outlastedLeases()), ...more];
  const remembered = (look ?? (await firewall.look())).secondsLeft(WAS);
  return elementsFor(live, { ...termsOf(parts), services: policy.services }, remembered, now);
}

/** The rules and members of one mode. */
export interface Ruling {
  readonly policy: Policy;
  readonly elements: Elements;
}

/** What the kernel would hold in this state, with `more` entries that are not in the store yet. */
export async function ruling(parts: Parts, state: Chosen, more: readonly Entry[] = []): Promise<Ruling> {
  const policy = policyOf(parts, state, parts.clock.now());
  return { policy, elements: await elementsIn(parts, policy, { more }) };
}
