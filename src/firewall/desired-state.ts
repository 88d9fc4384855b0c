/** What the kernel is to hold for a policy and its elements at one moment. */
import { MOST_BOUNDS } from '../domain/bounds';
import { MOST_PERMITTED, type Elements, type Policy } from '../domain/firewall';
import { familyOf, type Family, type Network } from '../domain/network';
import type { KernelSet, KernelState, Members, Ruleset } from './kernel-state';
import { endsByFamily, liveMembers, type Ends } from './live-members';
import { wholeOf } from './whole-sets';
import { DISPATCHER, EVERYTHING, FAMILIES, kernelDevice, kernelNetworks, modeChain, RESERVED, setName } from './names';
import { modeRules } from './rules';
import type { Left } from './time-left';
import { AppError } from '../errors';

/**
 * Members that a set may have. The kernel reserves nothing for them; the bound keeps a flood of blocks from eating its
 * memory (about 100 bytes each), and is far above any whitelist.
 */
export const MOST_MEMBERS = 262_144;

export function desiredState(policy: Policy, elements: Elements, now: Date, mostMembers = MOST_MEMBERS): KernelState {
  return desiredStates(policy, elements, mostMembers)(now);
}

/** The same for one moment after another: every network is looked at once. */
export function desiredStates(policy: Policy, elements: Elements, mostMembers: number): (now: Date) => KernelState {
  const ends = entryEnds(policy, elements);
  return (now) => {
    const trialLeft = trialSeconds(policy, now);
    const sets = FAMILIES.flatMap((family) => desiredSets(policy, ends, family, now, mostMembers));
    const trial = FAMILIES.map(
      (family) => [setName('trial', family), trialSet(family, trialLeft ?? 0, mostMembers)] as const,
    );
    return {
      sets: new Map([...sets, ...countrySets(policy), ...(trialLeft === undefined ? [] : trial)]),
      rules: { 4: ruleset(policy, 4, trialLeft), 6: ruleset(policy, 6, trialLeft) },
    };
  };
}

/** Nobody counts their packets, and nothing in them ends: so they take half the room. */
function countrySets({ services, permitted }: Policy): (readonly [string, KernelSet])[] {
  if (!services.some((service) => service.policy === 'countries')) return [];
  if (!permitted) throw new RangeError('a service lets countries in, and nobody has said which networks they have');
  return FAMILIES.flatMap((family) => {
    const { networks, outer, inner } = permitted[family];
    const all: readonly (readonly [string, string, readonly Network[]])[] = [
      ['country-outer', `hash:net ${inet(family)} maxelem ${MOST_BOUNDS}`, outer],
      ['country-inner', INNER_HEADER, inner],
      ['country', `hash:net ${inet(family)} maxelem ${MOST_PERMITTED}`, networks],
    ];
    const those = all.filter(([set]) => set !== 'country-inner' || family === 4);
    return those.map(([set, header, its]) => {
      return [setName(set, family), { header, members: new Map(), whole: wholeOf(its) }] as const;
    });
  });
}

/** One bit for each network: it stays in the processor's nearest cache. */
const INNER_HEADER = 'bitmap:ip range 0.0.0.0-255.255.255.255 netmask 16';

/** The names of the sets that hold entries, services' and our own. */
function setNames(policy: Policy): readonly string[] {
  const services = policy.services.map(({ name }) => name);
  const taken = services.find((name) => RESERVED.some((reserved) => reserved === name));
  if (taken !== undefined)
    throw new AppError('CONFIG_INVALID', `no service may be called "${taken}"`, 'choose another name');
  return [...new Set([...services, 'rtp', 'was', 'all', 'block'])];
}

type EntryEnds = readonly (readonly [set: string, ends: Readonly<Record<Family, Ends>>])[];

function entryEnds(policy: Policy, elements: Elements): EntryEnds {
  const names = setNames(policy);
  const stray = [...elements.keys()].find((name) => !names.includes(name));
  if (stray !== undefined) throw new RangeError(`elements for "${stray}", which is no service of the policy`);
  return names.map((name) => [name, endsByFamily(elements.get(name) ?? new Map())]);
}

function desiredSets(
  policy: Policy,
  ends: EntryEnds,
  family: Family,
  now: Date,
  mostMembers: number,
): (readonly [string, KernelSet])[] {
  const entrySets = ends.map(([name, its]) => {
    const members = liveMembers(its[family], now);
    const fitting = name === 'block' ? lastToEnd(members, mostMembers) : members;
    return [setName(name, family), { header: entryHeader(family, mostMembers), members: fitting }] as const;
  });
  const trusted = policy.trusted
    .filter(({ network }) => familyOf(network) === family)
    .flatMap(({ network, device }) => kernelNetworks(network).map((text) => `${text},${kernelDevice(device)}`));
  const members = new Map(trusted.map((member) => [member, 'forever' as const]));
  return [...entrySets, [setName('trust', family), { header: trustHeader(family), members }]];
}

/** When there are more blocks than fit, those that end soonest give way. */
function lastToEnd(members: Members, most: number): Members {
  if (members.size <= most) return members;
  const order = ([, left]: readonly [string, Left]) => (left === 'forever' ? Infinity : left);
  return new Map([...members].sort((a, b) => order(b) - order(a)).slice(0, most));
}

/** Every address, until the kernel lets go of it: with these members gone the dispatcher falls back by itself. */
function trialSet(family: Family, left: number, mostMembers: number): KernelSet {
  return {
    header: entryHeader(family, mostMembers),
    members: new Map(EVERYTHING[family].map((half) => [half, left])),
  };
}

/** Whole seconds, rounded down; undefined: no trial, or none worth a second. */
function trialSeconds({ trial, mode }: Policy, now: Date): number | undefined {
  if (trial === undefined || trial.mode === mode) return undefined;
  const seconds = Math.floor((trial.until.getTime() - now.getTime()) / 1000);
  return seconds >= 1 ? seconds : undefined;
}

function entryHeader(family: Family, mostMembers: number): string {
  return `hash:net ${inet(family)} maxelem ${mostMembers} timeout 0 counters`;
}

function trustHeader(family: Family): string {
  return `hash:net,iface ${inet(family)} maxelem 65536`;
}

function inet(family: Family): string {
  return family === 4 ? 'family inet' : 'family inet6';
}

/** Goto everywhere, so that RETURN in a mode's chain goes on in INPUT. */
function ruleset(policy: Policy, family: Family, trialLeft: number | undefined): Ruleset {
  const trial = trialLeft === undefined ? undefined : policy.trial?.mode;
  const dispatcher = [
    ...(trial ? [`-m set --match-set ${setName('trial', family)} src -g ${modeChain(trial)}`] : []),
    `-g ${modeChain(policy.mode)}`,
  ];
  return {
    chains: new Map([
      [DISPATCHER, dispatcher.map((rule) => `-A ${DISPATCHER} ${rule}`)],
      ...modeRules(policy.mode, policy, family),
      ...(trial ? modeRules(trial, policy, family) : []),
    ]),
    hooks: [1],
    leads: [],
  };
}
