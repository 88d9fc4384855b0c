/** Every phone and trunk that is connected now: may it, and why. */
import type { CheckShape } from '../domain/country-shapes';
import type { Entry } from '../domain/entry';
import type { Mode } from '../domain/firewall';
import { covers, isSingle } from '../domain/network';
import type { HeardPeer, Peer } from '../domain/phones';
import { expandServices } from '../domain/service';
import { spokenBy } from '../domain/spoken';
import { mediaHint } from './doors/media-hint';
import { locate, type Nowhere } from './located';
import { whoIsHeard } from './modes/losses';
import { ruling } from './modes/policy';
import type { Parts } from './parts';
import type { Exempt } from './strangers/exempt';
import { standingOf, whereOf } from './strangers/standing';

/** Rejects with AMI_DOWN when Asterisk does not answer. */
export async function check(parts: Parts, exempt: Exempt): Promise<CheckShape[]> {
  await parts.countries.reload();
  const peers = await parts.phones.peers();
  const trunks = new Set(peers.flatMap(({ kind, name }) => (kind === 'trunk' ? [name] : [])));
  const waiting = trunks.size > 0 ? await parts.phones.waitingForMedia([...trunks]) : [];
  const located = await locate(parts, peers);
  const judging: Judging = { exempt, closed: await closedNow(parts, located.peers) };
  const rows: CheckShape[] = [];
  const judge = async (peer: Peer, { entry, row }: Checked) => {
    const hint = row.ok ? await mediaHint(parts, peer, waiting, entry) : undefined;
    rows.push(hint === undefined ? row : { ...row, why: `${row.why}; ${hint}` });
  };
  for (const peer of located.peers) await judge(peer, await checkPeer(parts, judging, peer));
  for (const each of located.nowhere) await judge(each.peer, { row: nowhereRow(each, judging.closed) });
  return rows;
}

interface Checked {
  readonly row: CheckShape;
  readonly entry?: Entry;
}

interface Judging {
  readonly exempt: Exempt;
  readonly closed: Closed | undefined;
}

/** A mode in which nobody is heard whom nothing lets in. */
interface Closed {
  readonly mode: Mode;
  readonly heard: ReadonlySet<HeardPeer>;
}

async function closedNow(parts: Parts, peers: readonly HeardPeer[]): Promise<Closed | undefined> {
  const saved = await parts.store.modeState();
  const { mode = 'watch', trial } = saved;
  const force = trial && trial.until > parts.clock.now() ? trial.mode : mode;
  if (force === 'watch') return undefined;
  const is = await ruling(parts, { ...saved, mode });
  const scene = await parts.surroundings.links();
  return { mode: force, heard: whoIsHeard(parts, is, { peers, scene }) };
}

/** What nobody has let in is dropped where strangers are: then not to know is bad news. */
function nowhereRow({ peer: { name, channel = '' }, why }: Nowhere, closed: Closed | undefined): CheckShape {
  const ok = closed === undefined;
  return { peer: name, channel, address: null, country: null, ok, why: `no address to judge: ${why}` };
}

async function checkPeer(parts: Parts, judging: Judging, peer: HeardPeer): Promise<Checked> {
  const { name, channel = '', address } = peer;
  const row = { peer: name, channel, address };
  const country = parts.countries.now().lookup(address).country ?? null;
  const { entry, ...verdict } = await judged(parts, judging, peer);
  return { row: { ...row, country, ...verdict }, ...(entry && { entry }) };
}

type Verdict = Pick<CheckShape, 'ok' | 'why'> & { readonly entry?: Entry };

/** In the order in which the kernel decides; whom it hears, the watch over strangers judges. */
async function judged(parts: Parts, { exempt, closed }: Judging, peer: HeardPeer): Promise<Verdict> {
  const { address } = peer;
  if (parts.ownAddresses().some((own) => covers(own, address))) return { ok: true, why: "this machine's own address" };
  const covering = await parts.store.liveEntriesCovering(address, parts.clock.now());
  const block = covering.find(({ kind }) => kind === 'block');
  if (block) return { ok: false, why: `blocked by entry ${block.id}` };
  const heard = closed && heardOrNot(parts, closed, { peer, covering });
  if (heard && (!heard.ok || heard.entry)) return heard;
  const { origin, stranger, why } = await standingOf(parts, exempt, address);
  if (stranger) return { ok: false, why: `a stranger: ${why}` };
  if (heard) return heard;
  const entry = covering.find(({ kind, state }) => kind === 'allow' && state === 'open');
  if (entry) return openBy(entry);
  return { ok: true, why: origin.permit ? `permitted: ${whereOf(origin)}` : why };
}

function openBy(entry: Entry): Verdict {
  return { ok: true, why: `open by entry ${entry.id} (${entry.what})`, entry };
}

/** By the rules themselves; the entry, as far as there is one for what it speaks, is the reason. */
function heardOrNot(
  { services }: Parts,
  { mode, heard }: Closed,
  { peer, covering }: { readonly peer: HeardPeer; readonly covering: readonly Entry[] },
): Verdict {
  const spoken = spokenBy(peer, services).map(({ name }) => name);
  const entry = covering.find(
    (each) => each.kind === 'allow' && spoken.some((service) => expandServices(each.services, services).has(service)),
  );
  if (!heard.has(peer)) {
    const who = isSingle(peer.address) ? 'no entry lets it in' : 'not all of it is let in';
    return { ok: false, why: `${who} for ${spoken.join(' or ')}, in mode ${mode}` };
  }
  return entry ? openBy(entry) : { ok: true, why: 'let in without an entry: by its network or country' };
}
