/** What would happen to a packet from an address, service by service, and why. */
import { countryText } from '../domain/country-name';
import type { Entry } from '../domain/entry';
import type { Member, Mode } from '../domain/firewall';
import { covers, type Network } from '../domain/network';
import { expandServices, type Service } from '../domain/service';
import type { ExplainShape, Reason } from '../domain/shapes';
import { judgementOf, type Judgement } from './country-desk';
import { networkOf } from './entries';
import type { Parts } from './parts';

export async function explain(parts: Parts, what: string): Promise<ExplainShape> {
  const address = networkOf(what);
  const now = parts.clock.now();
  const { mode: confirmed, trial } = await parts.store.modeState();
  const mode = trial && trial.until > now ? trial.mode : confirmed;
  const covering = await parts.store.liveEntriesCovering(address, now);
  const media = (await parts.store.outlastedLeases()).filter((entry) => covers(entry.network, address));
  const members = (await parts.firewall.members()).filter((member) => covers(member.network, address));
  const decided = decide(parts, address, mode, [...covering, ...media.map(onlyMedia)], members);
  const neighbours = await parts.firewall.neighbours();
  const others = neighbours.map((neighbour) =>
    because('another chain', neighbour.text, { hint: 'what we accept it may still drop: look there as well' }),
  );
  const countries = await parts.countries.ready();
  const { country = null } = countries.lookup(address);
  const where = originReason(await judgementOf(parts, address), parts);
  return { address, country, verdict: decided.verdict, because: [...decided.because, ...others, ...where] };
}

/** Countries decide over calls and registrations, not over packets: told where they make a stranger. */
function originReason({ origin, entry }: Judgement, { rules }: Parts): Reason[] {
  if (!origin.stranger) return [];
  const where = origin.country === undefined ? 'its country is not known' : countryText(origin.country);
  const why = origin.deny ? 'it is denied' : 'it is not permitted';
  const wins = entry ? `, but entry ${entry.id} lets it in` : '';
  const force = `calls: ${rules.countries.calls}, registrations: ${rules.countries.registrations}`;
  const hint = entry ? undefined : 'tollgate country permit, or tollgate range permit';
  return [because('country', `A stranger: ${where}, ${why}${wins} (${force}).`, { hint })];
}

type Decided = Pick<ExplainShape, 'verdict' | 'because'>;

/** Design section 5, as far as the address alone decides. */
function decide(
  parts: Parts,
  address: Network,
  mode: Mode | undefined,
  covering: readonly Entry[],
  members: readonly Member[],
): Decided {
  const every = (verdict: 'accept' | 'drop') =>
    Object.fromEntries(parts.services.map((service) => [service.name, verdict]));
  if (mode === undefined) {
    const hint = 'run "tollgate init"';
    return { verdict: every('accept'), because: [because('no rules', 'Nothing of ours is in the kernel.', { hint })] };
  }
  const block = covering.find((entry) => entry.kind === 'block');
  if (mode !== 'watch' && parts.ownAddresses().some((own) => covers(own, address))) {
    const text = "It is this machine's own address: from outside it is forged.";
    return { verdict: every('drop'), because: [because('1 own address', text, {})] };
  }
  if (block) {
    const packets = packetsIn(members, 'block');
    const hint = `tollgate unblock ${block.id}`;
    return {
      verdict: every('drop'),
      because: [because('3 block', block.note ?? 'Blocked.', { entry: block, packets, hint })],
    };
  }
  const reasons = parts.services.map((service) => verdictFor(parts, service, address, mode, covering, members));
  return {
    verdict: Object.fromEntries(reasons.map(({ service, verdict }) => [service, verdict])),
    because: reasons.map(({ reason }) => reason),
  };
}

function verdictFor(
  parts: Parts,
  service: Service,
  address: Network,
  mode: Mode,
  covering: readonly Entry[],
  members: readonly Member[],
): { service: string; verdict: 'accept' | 'drop'; reason: Reason } {
  const guarded = mode === 'secure' ? !service.open : mode === 'guard' && service.guarded;
  const answer = (verdict: 'accept' | 'drop', step: string, text: string, more: Parameters<typeof because>[2]) => ({
    service: service.name,
    verdict,
    reason: because(step, `${service.name}: ${text}`, more),
  });
  const entry = covering.find((candidate) => expandServices(candidate.services, parts.services).has(service.name));
  if (entry) {
    const packets = packetsIn(members, service.name);
    const kernel = members.some((member) => member.set === service.name);
    const hint = kernel ? undefined : 'the kernel does not hold it: run "tollgate firewall apply"';
    return answer('accept', '6 entry', entryText(entry), { entry, packets, hint });
  }
  if (!guarded) {
    const text =
      mode === 'watch' ? 'only watched: nothing but blocks is dropped.' : 'not guarded: your own rules decide.';
    return answer('accept', 'not guarded', text, {});
  }
  const hint = `tollgate allow ${address} --service ${service.name}`;
  return answer('drop', '9 no entry', 'no entry lets this address in.', { hint });
}

/** A lease that has ended and that a call outlasts, as what it still opens. */
function onlyMedia(entry: Entry): Entry {
  return { ...entry, services: ['rtp'] };
}

function entryText(entry: Entry): string {
  if (entry.state === 'ended') return `open for the call that outlasts entry ${entry.id} (${entry.what}).`;
  const until = entry.until === 'forever' ? 'for good' : `until ${entry.until.toISOString()}`;
  return `open by entry ${entry.id} (${entry.what}) ${until}.`;
}

function packetsIn(members: readonly Member[], set: string): number {
  return members.filter((member) => member.set === set).reduce((sum, member) => sum + member.packets, 0);
}

function because(
  step: string,
  text: string,
  more: { readonly entry?: Entry; readonly packets?: number; readonly hint?: string | undefined },
): Reason {
  return {
    step,
    text,
    entry: more.entry?.id ?? null,
    since: more.entry?.since.toISOString() ?? null,
    by: more.entry?.by ?? null,
    packets: more.packets ?? null,
    hint: more.hint ?? null,
  };
}
