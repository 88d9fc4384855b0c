/** The admin's own way in, where a name leads it to what a person has blocked: nobody but a person takes that back. */
import type { Entry, Group } from '../../domain/entry';
import type { Network } from '../../domain/network';
import type { StatusPart } from '../../domain/shapes';
import { tell } from '../announce';
import type { Parts } from '../parts';

interface Blocked {
  readonly group: Group;
  readonly address: Network;
  readonly block: Entry;
}

/** In one letter for each address and block; the rest is for `status`. */
export async function tellOfBlockedWayIn(parts: Parts, group: Group): Promise<void> {
  const { store, clock, log, post } = parts;
  const blocked = await blockedOf(parts, group);
  if (blocked.length === 0) return;
  const subject = `way in ${group.id}`;
  const keys = blocked.map(({ address, block }) => `${address} ${block.id}`);
  const untold = new Set(await store.untold(subject, keys));
  const news = blocked.filter((_, i) => untold.has(keys[i] ?? ''));
  if (news.length === 0) return;
  await store.transaction(async (records) => {
    await records.saveTold(subject, keys, clock.now());
    for (const { address, block } of news) {
      await tell(parts, records, { kind: 'way-in-blocked', what: group.what, address, block });
    }
  });
  for (const { address, block } of news) log('way-in-blocked', { name: group.what, address, block: block.id });
  post.poke();
}

/** Nothing when all of them can come in. */
export async function wayInPart(parts: Parts, groups: readonly Group[]): Promise<StatusPart[]> {
  const blocked = (await Promise.all(groups.map((group) => blockedOf(parts, group)))).flat();
  const [first] = blocked;
  if (!first) return [];
  const those = blocked.map(
    ({ group, address, block }) =>
      `${group.what} always has access, but ${address} is blocked by entry ${shownId(block)} (${block.by})`,
  );
  const hint = `tollgate unblock ${shownId(first.block)}`;
  return [{ name: 'way in', state: 'fail', since: first.block.since.toISOString(), detail: those.join('; '), hint }];
}

/** A range is taken back as a whole. */
function shownId({ id, partOf }: Entry): number {
  return partOf ?? id;
}

async function blockedOf({ store, clock }: Parts, group: Group): Promise<readonly Blocked[]> {
  if (!group.isPrimary) return [];
  const now = clock.now();
  const members = await store.liveEntriesIn(group.id, now);
  const found = await Promise.all(
    members.map(async ({ network: address }) => {
      const block = (await store.liveEntriesCovering(address, now)).find(({ kind }) => kind === 'block');
      return block ? [{ group, address, block }] : [];
    }),
  );
  return found.flat();
}
