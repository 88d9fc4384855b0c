/** What `status` says of names and providers. */
import type { StatusPart } from '../../domain/shapes';
import type { Parts } from '../parts';
import { isFollowed } from './sources';
import { wayInPart } from './way-in';

/** Nothing when none is let in. */
export async function namesPart(parts: Parts): Promise<StatusPart[]> {
  const { store, clock } = parts;
  const groups = (await store.liveGroups(clock.now())).filter(isFollowed);
  if (groups.length === 0) return [];
  const stale = groups.filter(({ staleSince }) => staleSince);
  const refused = groups.filter((group) => (group.refused ?? []).length > 0);
  const [oldest] = stale.flatMap(({ staleSince }) => staleSince ?? []).sort((a, b) => a.getTime() - b.getTime());
  const list = (those: readonly { readonly what: string }[]) => those.map(({ what }) => what).join(', ');
  const news = [
    ...(stale.length > 0 ? [`${list(stale)} cannot be looked up, and the last good addresses stay open`] : []),
    ...refused.map(({ what, refused: those = [] }) => `${what} answers with ${those.join(', ')}, which is not let in`),
  ];
  const wayIn = await wayInPart(parts, groups);
  const part = { name: 'names', since: oldest?.toISOString() ?? null };
  if (news.length === 0) {
    return [{ ...part, state: 'ok', detail: `${groups.length} followed: ${list(groups)}`, hint: null }, ...wayIn];
  }
  const hint =
    stale.length > 0 ? 'do the name servers answer? see [dns] in the settings' : 'look at its records in DNS';
  return [{ ...part, state: 'warn', detail: news.join('; '), hint }, ...wayIn];
}
