/** What entries that come and leave mean for the kernel, and telling it. */
import { changesFor, groupByNetwork } from '../../domain/elements';
import type { Entry } from '../../domain/entry';
import type { Change } from '../../domain/firewall';
import { memberRulesOf } from './outlasting';
import type { Parts } from '../parts';

interface Moving {
  readonly coming?: readonly Entry[];
  readonly leaving?: readonly Entry[];
}

/** The changes of every network that `coming` or `leaving` entries are on. */
export async function changesOf(parts: Parts, moving: Moving): Promise<readonly Change[]> {
  return (await bothWaysOf(parts, moving)).forth;
}

/** The same, and the way back from them. */
export async function bothWaysOf(
  parts: Parts,
  { coming = [], leaving = [] }: Moving,
): Promise<{ readonly forth: readonly Change[]; readonly back: readonly Change[] }> {
  const { store, clock } = parts;
  const now = clock.now();
  const rules = memberRulesOf(parts);
  const outlasted = groupByNetwork(await store.outlastedLeases());
  const [comes, leaves] = [groupByNetwork(coming), groupByNetwork(leaving)];
  const forth: Change[] = [];
  const back: Change[] = [];
  for (const network of new Set([...comes.keys(), ...leaves.keys()])) {
    const there = [...(await store.liveEntriesOn(network, now)), ...(outlasted.get(network) ?? [])];
    const [come, leave] = [comes.get(network) ?? [], leaves.get(network) ?? []];
    const moved = new Set([...come, ...leave].map(({ id }) => id));
    const stays = there.filter(({ id }) => !moved.has(id));
    forth.push(...changesFor(network, [...stays, ...come], leave, rules, now));
    back.push(...changesFor(network, [...stays, ...leave], come, rules, now));
  }
  return { forth, back };
}

/** These entries, and ended ones on the same networks that calls outlast. */
export async function withOutlasted({ store }: Parts, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const allowed = entries.filter(({ kind }) => kind === 'allow');
  if (allowed.length === 0) return entries;
  const ids = new Set(allowed.map(({ id }) => id));
  const networks = new Set(allowed.map(({ network }) => network));
  const outlasted = await store.outlastedLeases();
  return [...entries, ...outlasted.filter(({ id, network }) => networks.has(network) && !ids.has(id))];
}

export async function tellKernel(parts: Parts, changes: readonly Change[]): Promise<void> {
  const tell = await kernelOf(parts);
  await tell(changes);
}

/** Nothing of ours is in the kernel before `init` and after `firewall remove`: then there is nobody to tell. */
export async function kernelOf({ store, firewall }: Parts): Promise<(changes: readonly Change[]) => Promise<void>> {
  const { mode } = await store.modeState();
  return mode ? (changes) => firewall.change(changes) : () => Promise.resolve();
}
