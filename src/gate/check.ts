/** Every phone and trunk that is connected now: may it, and why. */
import type { Countries } from '../domain/country';
import { countryText } from '../domain/country-name';
import type { CheckShape } from '../domain/country-shapes';
import type { Entry } from '../domain/entry';
import type { Mode } from '../domain/firewall';
import { covers, type Network } from '../domain/network';
import type { HeardPeer, Peer } from '../domain/phones';
import { judgementOf } from './countries/country-desk';
import { mediaHint } from './doors/media-hint';
import { locate, type Nowhere } from './located';
import type { Parts } from './parts';

/** Rejects with AMI_DOWN when Asterisk does not answer. */
export async function check(parts: Parts): Promise<CheckShape[]> {
  const countries = await parts.countries.reload();
  const { mode, trial } = await parts.store.modeState();
  const force = trial && trial.until > parts.clock.now() ? trial.mode : mode;
  const peers = await parts.phones.peers();
  const waiting = peers.some(({ kind }) => kind === 'trunk') ? await parts.phones.waitingForMedia() : [];
  const located = await locate(parts, peers);
  const rows: CheckShape[] = [];
  const judge = async (peer: Peer, { entry, row }: Checked) => {
    const hint = row.ok ? await mediaHint(parts, peer, waiting, entry) : undefined;
    rows.push(hint === undefined ? row : { ...row, why: `${row.why}; ${hint}` });
  };
  for (const peer of located.peers) await judge(peer, await checkPeer(parts, countries, force, peer));
  for (const each of located.nowhere) await judge(each.peer, { row: nowhereRow(each, force) });
  return rows;
}

interface Checked {
  readonly row: CheckShape;
  readonly entry?: Entry;
}

/** What nobody has let in is dropped where strangers are: then not to know is bad news. */
function nowhereRow({ peer: { name, channel = '' }, why }: Nowhere, mode: Mode | undefined): CheckShape {
  const ok = mode !== 'guard' && mode !== 'secure';
  return { peer: name, channel, address: null, country: null, ok, why: `no address to judge: ${why}` };
}

async function checkPeer(
  parts: Parts,
  countries: Countries,
  mode: Mode | undefined,
  { name, channel = '', address }: HeardPeer,
): Promise<Checked> {
  const row = { peer: name, channel, address };
  const country = countries.lookup(address).country ?? null;
  const { entry, ...verdict } = await judged(parts, countries, mode, address);
  return { row: { ...row, country, ...verdict }, ...(entry && { entry }) };
}

/** In the order in which the kernel decides, and then the countries. */
async function judged(
  parts: Parts,
  countries: Countries,
  mode: Mode | undefined,
  address: Network,
): Promise<Pick<CheckShape, 'ok' | 'why'> & { readonly entry?: Entry }> {
  if (parts.ownAddresses().some((own) => covers(own, address))) return { ok: true, why: "this machine's own address" };
  const { origin, entry } = await judgementOf(parts, address, countries);
  const covering = await parts.store.liveEntriesCovering(address, parts.clock.now());
  const block = covering.find(({ kind }) => kind === 'block');
  if (block) return { ok: false, why: `blocked by entry ${block.id}` };
  if (entry) return { ok: true, why: `open by entry ${entry.id} (${entry.what})`, entry };
  if (mode === 'guard' || mode === 'secure') return { ok: false, why: `no entry lets it in, in mode ${mode}` };
  const where = origin.country === undefined ? 'a country that is not known' : countryText(origin.country);
  if (origin.deny) return { ok: false, why: `a stranger: ${where} or its range is denied` };
  if (origin.permit) return { ok: true, why: `permitted: ${where}` };
  if (countries.idle !== undefined) return { ok: true, why: `nobody is a stranger: ${countries.idle}` };
  return { ok: false, why: `a stranger: ${where} is not permitted` };
}
