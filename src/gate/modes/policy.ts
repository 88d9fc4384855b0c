/** What the kernel is to hold in a mode: the rules, and the members that live entries make. */
import { gatherElements, WAS } from '../../domain/elements';
import type { Entry, OpenEntry } from '../../domain/entry';
import type { Elements, Look, Mode, Policy } from '../../domain/firewall';
import { forEachInTurn } from '../../domain/others-first';
import type { ListeningPorts } from '../../domain/phones';
import type { Ports, Service } from '../../domain/service';
import type { ModeState } from '../../domain/store';
import { memberRulesOf } from '../doors/outlasting';
import type { Parts } from '../parts';
import { byCountry } from '../countries/permitted-networks';

/** A state in which a mode was chosen. */
export type Chosen = ModeState & { readonly mode: Mode };

type Ruled = Pick<Parts, 'services' | 'rules' | 'countries'>;

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

/** Ports that nobody else's rule should open: those of signalling, and what the admin guards besides. */
export function guardedPorts(services: readonly Service[]): readonly Ports[] {
  return services.filter(({ signalling, guarded }) => signalling || guarded).flatMap(({ ports }) => ports);
}

/** Needs countries that were judged, where a service lets them in. */
export function policyOf(parts: Ruled, state: Chosen, now: Date): Policy {
  const { services, rules, countries } = parts;
  const { mode, trial, listening, links } = state;
  return {
    mode,
    trial: trial && trial.until.getTime() > now.getTime() ? { mode: trial.mode, until: trial.until } : undefined,
    services: servicesWith(services, listening),
    rtp: rules.rtp,
    trusted: [...rules.trusted, ...(links?.trusted ?? [])],
    answerPings: rules.answerPings,
    ...(byCountry(services).length > 0 && { permitted: countries.permitted() }),
    ...(links?.dhcpDevices && { dhcpDevices: links.dhcpDevices }),
  };
}

/** The same, where nobody may have judged the countries yet. */
export async function judgedPolicyOf(parts: Ruled & Pick<Parts, 'clock'>, state: Chosen): Promise<Policy> {
  if (byCountry(parts.services).length > 0) await parts.countries.prepare();
  return policyOf(parts, state, parts.clock.now());
}

interface Gathered {
  readonly elements: Elements;
  /** The live entries that they were gathered from, without those not in the store yet. */
  readonly open: readonly OpenEntry[];
}

/** Of all live entries and of `more`, which are not in the store yet. `look`: at the kernel, which remembers addresses. */
export async function elementsIn(
  parts: Parts,
  policy: Policy,
  { more = [], look }: { readonly more?: readonly Entry[]; readonly look?: Look | Promise<Look> },
): Promise<Gathered> {
  const { store, firewall, clock } = parts;
  const now = clock.now();
  const { add, remember, elements } = gatherElements({ ...memberRulesOf(parts), services: policy.services }, now);
  const gather = async () => {
    const open = await store.openEntries(now);
    for (const some of [open, await store.outlastedLeases(), more]) await forEachInTurn(some, add);
    return open;
  };
  const [open, seen] = await Promise.all([gather(), look ?? firewall.look()]);
  await forEachInTurn(seen.secondsLeft(WAS), remember);
  return { elements, open };
}

/** The rules and members of one mode. */
export interface Ruling {
  readonly policy: Policy;
  readonly elements: Elements;
}

/** What the kernel would hold in this state, with `more` entries that are not in the store yet. */
export async function ruling(parts: Parts, state: Chosen, more: readonly Entry[] = []): Promise<Ruling> {
  const policy = await judgedPolicyOf(parts, state);
  const { elements } = await elementsIn(parts, policy, { more });
  return { policy, elements };
}
