/** Every phone and trunk that is connected now: may it, and why. */
import type { Countries } from '../domain/country';
import { countryText } from '../domain/country-name';
import type { CheckShape } from '../domain/country-shapes';
import type { Entry } from '../domain/entry';
import type { Mode } from '../domain/firewall';
import { covers } from '../domain/network';
import type { HeardPeer, Peer } from '../domain/phones';
import { expandServices } from '../domain/service';
import { spokenBy } from '../domain/spoken';
import { judgementOf } from './countries/country-desk';
import { mediaHint } from './doors/media-hint';
import { locate, type Nowhere } from './located';
import { isHeard } from './modes/losses';
import { ruling } from './modes/policy';
import type { Parts } from './parts';

/** Rejects with AMI_DOWN when Asterisk does not answer. */
export async function check(parts: Parts): Promise<CheckShape[]> {
  const countries = await parts.countries.reload();
  const closed = await closedNow(parts);
  const peers = await parts.phones.peers();
  const trunks = new Set(peers.flatMap(({ kind, name }) => (kind === 'trunk' ? [name] : [])));
  const waiting = trunks.size > 0 ? await parts.phones.waitingForMedia([...trunks]) : [];
  const located = await locate(parts, peers);
  const rows: CheckShape[] = [];
  const judge = async (peer: Peer, { entry, row }: Checked) => {
    const hint = row.ok ? await mediaHint(parts, peer, waiting, entry) : undefined;
    rows.push(hint === undefined ? row : { ...row, why: `${row.why}; ${hint}` });
  };
  for (const peer of located.peers) await judge(peer, await checkPeer(parts, countries, closed, peer));
  for (const each of located.nowhere) await judge(each.peer, { row: nowhereRow(each, closed) });
  return rows;
}

interface Checked {
  readonly row: CheckShape;
  readonly entry?: Entry;
}

/** A mode in which nobody is heard whom nothing lets in. */
interface Closed {
  readonly mode: Mode;
  readonly hears: (peer: HeardPeer) => boolean;
}

async function closedNow(parts: Parts): Promise<Closed | undefined> {
  const saved = await parts.store.modeState();
  const { mode = 'watch', trial } = saved;
  const force = trial && trial.until > parts.clock.now() ? trial.mode : mode;
  if (force === 'watch') return undefined;
  const is = await ruling(parts, { ...saved, mode });
  const scene = await parts.surroundings.links();
  return { mode: force, hears: (peer) => isHeard(parts, is, { peer, scene }) };
}

/** What nobody has let in is dropped where strangers are: then not to know is bad news. */
function nowhereRow({ peer: { name, channel = '' }, why }: Nowhere, closed: Closed | undefined): CheckShape {
  const ok = closed === undefined;
  return { peer: name, channel, address: null, country: null, ok, why: `no address to judge: ${why}` };
}

async function checkPeer(
  parts: Parts,
  countries: Countries,
  closed: Closed | undefined,
  peer: HeardPeer,
): Promise<Checked> {
  const { name, channel = '', address } = peer;
  const row = { peer: name, channel, address };
  const country = countries.lookup(address).country ?? null;
  const { entry, ...verdict } = await judged(parts, countries, closed, peer);
  return { row: { ...row, country, ...verdict }, ...(entry && { entry }) };
}

type Verdict = Pick<CheckShape, 'ok' | 'why'> & { readonly entry?: Entry };

/** In the order in which the kernel decides, and then the countries. */
async function judged(
  parts: Parts,
  countries: Countries,
  closed: Closed | undefined,
  peer: HeardPeer,
): Promise<Verdict> {
  const { address } = peer;
  if (parts.ownAddresses().some((own) => covers(own, address))) return { ok: true, why: "this machine's own address" };
  const covering = await parts.store.liveEntriesCovering(address, parts.clock.now());
  const block = covering.find(({ kind }) => kind === 'block');
  if (block) return { ok: false, why: `blocked by entry ${block.id}` };
  if (closed) return heardOrNot(parts, closed, { peer, covering });
  const { origin, entry } = await judgementOf(parts, address, countries);
  if (entry) return openBy(entry);
  const where = origin.country === undefined ? 'a country that is not known' : countryText(origin.country);
  if (origin.deny) return { ok: false, why: `a stranger: ${where} or its range is denied` };
  if (origin.permit) return { ok: true, why: `permitted: ${where}` };
  if (countries.idle !== undefined) return { ok: true, why: `nobody is a stranger: ${countries.idle}` };
  return { ok: false, why: `a stranger: ${where} is not permitted` };
}

function openBy(entry: Entry): Verdict {
  return { ok: true, why: `open by entry ${entry.id} (${entry.what})`, entry };
}

/** By the rules themselves; the entry, as far as there is one for what it speaks, is the reason. */
function heardOrNot(
  { services }: Parts,
  { mode, hears }: Closed,
  { peer, covering }: { readonly peer: HeardPeer; readonly covering: readonly Entry[] },
): Verdict {
  const spoken = spokenBy(peer, services).map(({ name }) => name);
  const entry = covering.find(
    (each) => each.kind === 'allow' && spoken.some((service) => expandServices(each.services, services).has(service)),
  );
  if (!hears(peer)) return { ok: false, why: `no entry lets it in for ${spoken.join(' or ')}, in mode ${mode}` };
  return entry ? openBy(entry) : { ok: true, why: 'let in without an entry: by its network or country' };
}
