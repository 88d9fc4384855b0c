/** What would happen to a packet from an address, service by service, and why. */
import { gatherElements, WAS } from '../../domain/elements';
import type { Origin } from '../../domain/country';
import type { Entry, Group } from '../../domain/entry';
import type { LegacyTables } from '../../domain/firewall';
import { covers, familyOf, type Network } from '../../domain/network';
import { deviceTo } from '../../domain/paths';
import type { ExplainShape, Reason } from '../../domain/shapes';
import type { ModeState } from '../../domain/store';
import { aroundOf } from './explain-around';
import { because, decide, openedBy, wasOpen, type Decided, type Known } from './explain-steps';
import { meantBy, type Meant } from './explain-what';
import { memberRulesOf } from '../doors/outlasting';
import type { Parts } from '../parts';
import { policyOf, type Chosen } from '../modes/policy';

/** `legacy`: what root sees of iptables-legacy. */
export async function explain(parts: Parts, what: string, legacy?: LegacyTables): Promise<ExplainShape> {
  const meant = await meantBy(parts, what);
  const { address } = meant;
  const state = await parts.store.modeState();
  const origin = (await parts.countries.ready()).lookup(address);
  const { country = null } = origin;
  const around = [...calledReason(meant), ...(await aroundOf(parts, address, legacy))];
  if (!isChosen(state)) {
    const verdict = Object.fromEntries(parts.services.map(({ name }) => [name, 'accept' as const]));
    const none = because('no rules', 'Nothing of ours is in the kernel.', { hint: 'run "tollgate init"' });
    return { address: meant.network, country, verdict, because: [none, ...around] };
  }
  const known = await knownOf(parts, address, { state, origin });
  const decided = known.policy.services.map((service) => decide(known, service));
  return {
    ...{ address: meant.network, country },
    verdict: Object.fromEntries(decided.map(({ service, verdict }) => [service, verdict])),
    because: [
      ...decided.map(({ reason, verdict, service }) => withHint(reason, verdict, hintFor(meant, decided, service))),
      ...besides(known),
      ...(await endedReasons(parts, known, decided)),
      ...around,
    ],
  };
}

function isChosen(state: ModeState): state is Chosen {
  return state.mode !== undefined;
}

/** Only what concerns this address, so that it takes no longer where many are open. */
async function knownOf(
  parts: Parts,
  address: Network,
  { state, origin }: { readonly state: Chosen; readonly origin: Origin },
): Promise<Known> {
  const { store, firewall, clock } = parts;
  const now = clock.now();
  const policy = policyOf(parts, state, now);
  const scene = await parts.surroundings.links();
  const live = await store.liveEntriesCovering(address, now);
  const outlasted = (await store.outlastedLeases()).filter((entry) => covers(entry.network, address));
  const members = (await firewall.members()).filter((member) => covers(member.network, address));
  const { add, remember, elements } = gatherElements({ ...memberRulesOf(parts), services: policy.services }, now);
  [...live, ...outlasted].forEach(add);
  for (const { set, network, secondsLeft = Infinity } of members) if (set === WAS) remember([network, secondsLeft]);
  const isOwn = parts.ownAddresses().includes(address);
  const ids = [...new Set(live.flatMap(({ partOf }) => partOf ?? []))];
  const groups = await Promise.all(ids.map((id) => store.group(id)));
  return {
    ...{ address, policy, members, origin },
    covering: [...live, ...outlasted.map((entry) => ({ ...entry, services: ['rtp'] }))],
    groups: groups.flatMap((group) => group ?? []),
    // its own packets never leave the machine: one that comes in from outside is meant
    device: isOwn ? undefined : deviceTo(address, scene),
    isOwn,
    foretell: (asked, packets) => firewall.foretell(asked, elements, packets),
  };
}

/** One command that opens all that is shut for want of an entry. */
function hintFor({ network }: Meant, decided: readonly Decided[], service: string): string | undefined {
  const shut = decided.filter(({ reason }) => reason.step === '9 no entry').map((each) => each.service);
  if (!shut.includes(service)) return undefined;
  const isPhone = ['sip', 'iax', 'rtp'].every((name) => shut.includes(name));
  const isOfPhone = ['sip', 'iax', 'rtp'].includes(service);
  return `tollgate allow ${network}${isPhone && isOfPhone ? '' : ` --service ${service}`}`;
}

function withHint(reason: Reason, verdict: Decided['verdict'], hint: string | undefined): Reason {
  return verdict === 'drop' && reason.hint === null ? { ...reason, hint: hint ?? null } : reason;
}

/** What else the rules have to say, beside the step that decides. */
function besides(known: Known): Reason[] {
  const { policy, covering, groups, address } = known;
  const mode = policy.trial?.mode ?? policy.mode;
  const block = covering.find(({ kind }) => kind === 'block');
  const entry = covering.find(({ kind, state }) => kind === 'allow' && state === 'open');
  return [
    block && entry
      ? [
          because('6 entry', `A block comes before entries, and so before this one: ${openedBy(known, entry)}`, {
            entry,
          }),
        ]
      : [],
    block && familyOf(address) === 6
      ? [because('2 neighbour discovery', 'Neighbours on the link still find each other.')]
      : [],
    mode !== 'watch' && wasOpen(known)
      ? [
          because(
            '7 closed phone',
            'It was open until lately: answers to connections that this machine began are dropped, where no entry opens them.',
          ),
        ]
      : [],
    mode === 'secure' && !wasOpen(known)
      ? [because('8 replies', 'Answers to connections that this machine began come in.')]
      : [],
    policy.trial
      ? [
          because(
            'trial',
            `${policy.trial.mode} is on trial until ${policy.trial.until.toISOString()}, then ${policy.mode} comes back.`,
            { hint: 'tollgate confirm keeps it' },
          ),
        ]
      : [],
    groups.filter(({ staleSince }) => staleSince !== undefined).map(staleReason),
  ].flat();
}

function staleReason({ what, staleSince }: Group): Reason {
  const since = staleSince?.toISOString() ?? '';
  return because('stale name', `${what} could not be looked up since ${since}; its last addresses stay open.`, {
    hint: 'tollgate status',
  });
}

const LATELY_MS = 7 * 24 * 60 * 60 * 1000;
const MOST_ENDED = 3;

/** Where nothing opens it now. */
async function endedReasons(
  parts: Parts,
  { address, covering }: Known,
  decided: readonly Decided[],
): Promise<Reason[]> {
  if (covering.some(({ kind }) => kind === 'allow') || !decided.some(({ verdict }) => verdict === 'drop')) return [];
  const since = new Date(parts.clock.now().getTime() - LATELY_MS);
  const ended = await parts.store.endedEntriesCovering(address, since, MOST_ENDED);
  return ended.filter(({ kind }) => kind === 'allow').map((entry) => endedReason(entry));
}

function endedReason(entry: Entry): Reason {
  const until = entry.until === 'forever' ? '' : ` until ${entry.until.toISOString()}`;
  const how = entry.revokedAt ? ', when it was closed' : '';
  const again = `tollgate allow ${entry.what} --service ${entry.services.join(',')}`;
  const hint =
    entry.account === undefined ? again : `account ${entry.account} opens it again by telephone, or ${again}`;
  return because('ended', `It was open for ${entry.services.join(', ')}${until}${how}.`, { entry, hint });
}

function calledReason({ called, network, others }: Meant): Reason[] {
  if (called === undefined) return [];
  const more = others.length > 0 ? `, and ${others.join(', ')}` : '';
  const hint = others[0] === undefined ? undefined : `tollgate explain ${others[0]}`;
  return [because('name', `${called} stands for ${network}${more}.`, { hint })];
}
