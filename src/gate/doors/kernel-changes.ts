/** What entries that come and leave mean for the kernel, and telling it. */
import { changesFor, groupByNetwork } from '../../domain/elements';
import type { Entry } from '../../domain/entry';
import type { Change } from '../../domain/firewall';
import { memberRulesOf } from './outlasting';
import { AppError } from '../../errors';
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

/** Nothing of ours is in the kernel before `init` and after `firewall remove`: then there is nobody to tell. */
export async function tellKernel({ store, firewall }: Parts, changes: readonly Change[]): Promise<void> {
  const { mode } = await store.modeState();
  if (mode) await firewall.change(changes);
}

/**
 * The same for what people will be told of; asked for before anything is recorded. Rejects with FIREWALL_DRIFT when rules
 * of ours are in force that this database knows nothing of: "open" would be a lie, and "closed" a worse one.
 */
export async function kernelToTell({ store, firewall }: Parts): Promise<(changes: readonly Change[]) => Promise<void>> {
  const { mode } = await store.modeState();
  if (mode) return (changes) => firewall.change(changes);
  if ((await firewall.rules()).length === 0) return () => Promise.resolve();
  throw new AppError('FIREWALL_DRIFT', UNKNOWN_RULES.what, UNKNOWN_RULES.hint);
}

/** Another database was put in place of the one by which the kernel was told. */
export const UNKNOWN_RULES = {
  what: 'rules of Tollgate are in force, and the database knows of no mode',
  hint: 'put the right database back (see [store] in the settings), or begin anew: "tollgate init"; "tollgate firewall remove" takes the rules away',
} as const;
