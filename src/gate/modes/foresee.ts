/** While a mode only watches: who would be lost in a stricter one, of those that were heard in the last day. */
import type { HeardPeer, Peer } from '../../domain/phones';
import type { StatusPart } from '../../domain/shapes';
import type { ModeState } from '../../domain/store';
import type { Scene } from '../../domain/surroundings';
import { AppError } from '../../errors';
import { locate, type Located } from '../located';
import { KEPT_MS } from './heard';
import { linksOf } from './links';
import { whoWouldBeLost } from './losses';
import type { Parts } from '../parts';
import { policyOf, ruling, type Chosen, type Ruling } from './policy';

type Stricter = 'guard' | 'secure';

/** Of those heard in the last day and of those connected now. */
export async function foreseeLosses(parts: Parts): Promise<Readonly<Record<Stricter, readonly string[]>>> {
  const saved = await parts.store.modeState();
  const scene = await parts.surroundings.look();
  const now = await locate(parts, await knownNow(parts));
  // Of those that are known now it is known, too, what they speak.
  const known = new Set(now.peers.map(({ name, address }) => `${address} ${name}`));
  const peers = [...now.peers, ...(await heard(parts)).filter(({ name, address }) => !known.has(`${address} ${name}`))];
  const seen = { saved, scene, peers, nowhere: now.nowhere, was: await presentRuling(parts, saved) };
  return { guard: lostIn(parts, 'guard', seen), secure: lostIn(parts, 'secure', seen) };
}

/** In mode watch, by guard alone: quick, because nobody but Asterisk's peers is looked at. */
export async function heardPart(parts: Parts): Promise<StatusPart | undefined> {
  const saved = await parts.store.modeState();
  const peers = saved.mode === 'watch' ? await heard(parts) : [];
  if (peers.length === 0) return undefined;
  const scene = { ...NOTHING, ...(await parts.surroundings.links()) };
  const lost = lostIn(parts, 'guard', { saved, scene, peers, nowhere: [], was: await presentRuling(parts, saved) });
  const told = `${peers.length} phones and trunks heard in the last day`;
  if (lost.length === 0) return part('ok', `${told}; guard would cut off none of them`, undefined);
  return part(
    'warn',
    `${told}; guard would cut off ${lost.length}: ${lost[0] ?? ''}${lost.length > 1 ? ', …' : ''}`,
    'tollgate watch',
  );
}

function part(state: 'ok' | 'warn', detail: string, hint: string | undefined): StatusPart {
  return { name: 'heard', state, since: null, detail, hint: hint ?? null };
}

const NOTHING: Omit<Scene, 'addresses' | 'routes' | 'resolvers'> = {
  ...{ listeners: [], connections: [], redirects: [], managers: [], unseen: [], isForwardHooked: false },
};

interface Seen extends Located {
  readonly saved: ModeState;
  readonly scene: Scene;
  readonly was: Ruling;
}

function lostIn(parts: Parts, mode: Stricter, { saved, scene, peers, nowhere, was }: Seen): readonly string[] {
  const state: Chosen = { ...saved, mode, trial: undefined, links: linksOf(scene, undefined, saved) };
  const policy = policyOf(parts, state, parts.clock.now());
  return whoWouldBeLost(parts, { before: was, after: { policy, elements: was.elements } }, { peers, nowhere, scene });
}

function presentRuling(parts: Parts, saved: ModeState): Promise<Ruling> {
  return ruling(parts, { ...saved, mode: saved.mode ?? 'watch', trial: undefined });
}

/** Nobody may have heard a trunk: it calls when it likes. Without Asterisk those that were heard are all. */
async function knownNow({ phones, log }: Parts): Promise<readonly Peer[]> {
  try {
    return await phones.peers();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log('peers not told', { why: error.what });
    return [];
  }
}

function heard({ store, clock }: Parts): Promise<readonly HeardPeer[]> {
  return store.heardSince(new Date(clock.now().getTime() - KEPT_MS));
}
