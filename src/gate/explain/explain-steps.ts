/** Which step of the firewall decides over one service, in the order of the rules; the verdict is the rules' own. */
import { BY_HAND, type Origin } from '../../domain/country';
import { countryText } from '../../domain/country-name';
import type { Entry, Group } from '../../domain/entry';
import type { Fate, Member, Packet, Policy } from '../../domain/firewall';
import { covers, type Network } from '../../domain/network';
import { expandServices, type Service } from '../../domain/service';
import type { Reason } from '../../domain/shapes';

/** Everything that is known of one address. */
export interface Known {
  readonly address: Network;
  readonly policy: Policy;
  /** Live entries on networks that hold it, and ended ones that calls outlast, as what they still open. */
  readonly covering: readonly Entry[];
  /** Those that the entries are part of. */
  readonly groups: readonly Group[];
  /** The kernel's members that hold it. */
  readonly members: readonly Member[];
  /** By which it comes in; undefined: nobody knows. */
  readonly device: string | undefined;
  readonly isOwn: boolean;
  readonly origin: Origin;
  /** What the firewall would do. */
  readonly foretell: (policy: Policy, packets: readonly Packet[]) => readonly Fate[];
}

export interface Decided {
  readonly service: string;
  readonly verdict: 'accept' | 'drop';
  readonly reason: Reason;
}

export function decide(known: Known, service: Service): Decided {
  const fate = fateOf(known, known.policy, service);
  const verdict = fate === 'drop' ? 'drop' : 'accept';
  const { step, text, ...more } = stepOf(known, service, fate);
  return { service: service.name, verdict, reason: because(step, `${service.name}: ${text}`, more) };
}

/** The best of what happens to packets to its ports: a service is open when one of them is. */
function fateOf({ address, device, isOwn, foretell }: Known, policy: Policy, { ports }: Service): Fate {
  const packets = ports.map(({ protocol, first }) => ({
    protocol,
    from: address,
    port: first,
    device,
    isReply: false,
    isOwn,
  }));
  const fates = foretell(policy, packets);
  return fates.find((fate) => fate !== 'drop') ?? (fates.length === 0 ? 'return' : 'drop');
}

interface Step extends More {
  readonly step: string;
  readonly text: string;
}

function stepOf(known: Known, service: Service, fate: Fate): Step {
  const { covering, members, policy, isOwn } = known;
  const mode = policy.trial?.mode ?? policy.mode;
  const block = covering.find(({ kind }) => kind === 'block');
  if (isOwn && fate === 'drop')
    return { step: '1 own address', text: "it is this machine's own address: from outside it is forged." };
  if (block && fate === 'drop') return blockStep(known, block);
  const trusted = policy.trusted.find(
    ({ network, device }) => covers(network, known.address) && device === known.device,
  );
  if (trusted && fate === 'accept')
    return { step: '5 trusted', text: `${trusted.network} is trusted on ${trusted.device}.` };
  const entry = lastToEnd(
    covering.filter(
      ({ kind, services }) => kind === 'allow' && expandServices(services, policy.services).has(service.name),
    ),
  );
  if (entry && fate !== 'drop') {
    const isHeld = members.some(({ set }) => set === service.name);
    const hint = isHeld ? undefined : 'the kernel does not hold it: run "tollgate firewall apply"';
    return { step: '6 entry', text: openedBy(known, entry), entry, packets: packetsIn(members, service.name), hint };
  }
  if (fate === 'drop') return dropStep(known, service);
  if (mode === 'watch') return { step: 'not guarded', text: watched(known, service) };
  if (fate === 'accept' && service.policy === 'countries')
    return { step: '6 country', text: `${countryOf(known)} is permitted, and it is open to permitted countries.` };
  if (fate === 'accept') return { step: '8 open service', text: 'it is open to the world.' };
  return { step: 'not guarded', text: 'not guarded: your own rules decide.' };
}

function blockStep({ members }: Known, block: Entry): Step {
  const end = block.until === 'forever' ? '' : ` until ${block.until.toISOString()}`;
  const why = block.note === undefined ? '' : ` (${block.note.replace(/\.$/, '')})`;
  const hint = `tollgate unblock ${block.partOf ?? block.id}`;
  return { step: '3 block', text: `blocked${end}${why}.`, entry: block, packets: packetsIn(members, 'block'), hint };
}

/** It has been in the signalling sets lately. */
export function wasOpen({ members }: Known): boolean {
  return members.some(({ set }) => set === 'was');
}

function dropStep(known: Known, service: Service): Step {
  if (service.name === 'rtp' && wasOpen(known)) {
    return { step: '7 closed phone', text: 'its door was open until lately: no sound goes on.' };
  }
  const country = service.policy === 'countries' ? `, and ${countryOf(known)} is not permitted` : '';
  return { step: '9 no entry', text: `no entry lets this address in${country}.` };
}

function countryOf({ origin: { country } }: Known): string {
  if (country === BY_HAND) return 'its range by hand';
  return country === undefined ? 'where it is' : countryText(country);
}

/** What the next mode would do. */
function watched(known: Known, service: Service): string {
  const then = fateOf(known, { ...known.policy, mode: 'guard', trial: undefined }, service);
  return `only watched: nothing but blocks is dropped (guard would ${then === 'drop' ? 'drop it' : 'let it in'}).`;
}

function lastToEnd(entries: readonly Entry[]): Entry | undefined {
  const end = ({ until }: Entry) => (until === 'forever' ? Infinity : until.getTime());
  return entries.reduce<Entry | undefined>(
    (last, entry) => (last && end(last) >= end(entry) ? last : entry),
    undefined,
  );
}

export function openedBy({ groups }: Pick<Known, 'groups'>, entry: Entry): string {
  const group = groups.find(({ id }) => id === entry.partOf);
  const id = `entry ${group?.id ?? entry.id}`;
  const what = group ? `${group.what}, through ${entry.network}` : entry.what;
  if (entry.state === 'ended') return `open for the call that outlasts ${id} (${what}).`;
  const until = entry.until === 'forever' ? 'for good' : `until ${entry.until.toISOString()}`;
  return `open by ${id} (${what}) ${until}.`;
}

function packetsIn(members: readonly Member[], set: string): number {
  return members.filter((member) => member.set === set).reduce((sum, member) => sum + member.packets, 0);
}

interface More {
  readonly entry?: Entry | undefined;
  readonly packets?: number;
  readonly hint?: string | undefined;
}

/** `entry` is the one that people see: of a group, the group. */
export function because(step: string, text: string, { entry, packets, hint }: More = {}): Reason {
  return {
    ...{ step, text, entry: entry?.partOf ?? entry?.id ?? null, since: entry?.since.toISOString() ?? null },
    ...{ by: entry?.by ?? null, packets: packets ?? null, hint: hint ?? null },
  };
}
