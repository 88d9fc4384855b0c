/** What entries that come and leave mean for the kernel, and telling it. */
import { changesFor, groupByNetwork } from '../domain/elements';
import type { Entry } from '../domain/entry';
import type { Change } from '../domain/firewall';
import { memberRulesOf } from './outlasting';
import type { Parts } from './parts';

/** The changes of every network that `coming` or `leaving` entries are on. */
export async function changesOf(
  parts: Parts,
  { coming = [], leaving = [] }: { readonly coming?: readonly Entry[]; readonly leaving?: readonly Entry[] },
): Promise<readonly Change[]> {
  const { store, clock } = parts;
  const now = clock.now();
  const left = new Set(leaving.map((entry) => entry.id));
  const outlasted = (await store.outlastedLeases()).filter(({ id }) => !left.has(id));
  const changes: Change[] = [];
  for (const network of groupByNetwork([...coming, ...leaving]).keys()) {
    const stored = (await store.liveEntriesOn(network, now)).filter((entry) => !left.has(entry.id));
    const live = [...stored, ...[...coming, ...outlasted].filter((entry) => entry.network === network)];
    const gone = leaving.filter((entry) => entry.network === network);
    changes.push(...changesFor(network, live, gone, memberRulesOf(parts), now));
  }
  return changes;
}

/** These entries, and ended ones on the same networks that calls outlast. */
export async function withOutlasted({ store }: Parts, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const allowed = entries.filter(({ kind }) => kind === 'allow');
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
