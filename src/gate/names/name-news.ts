/** What people are told of a name that is followed: that it is stale, that it is back, what it was refused. */
import type { Entry, Group } from '../../domain/entry';
import { familyOf, type Network } from '../../domain/network';
import type { Notice } from '../../domain/letter';
import type { GroupPatch, Records } from '../../domain/store';
import { tell, write } from '../announce';
import { sayLookUp } from './names';
import type { Parts } from '../parts';
import { calledOf, isKnown, type Seen } from './sources';

/** `members`: what was open before this look. */
export type NoteNews = (group: Group, seen: readonly Seen[], members: readonly Entry[]) => Promise<void>;

/** Who writes a zone must not fill a mailbox: of what is not let in there is at most one letter in this time, for each name. */
const REFUSALS_APART_MS = 24 * 3_600_000;

export function nameNews(parts: Parts): NoteNews {
  const { store, post, log, clock } = parts;
  /** By group: when it was last told what is not let in, in milliseconds since the epoch. */
  const refusalTold = new Map<number, number>();
  return async (group, seen, members) => {
    const now = clock.now();
    const isQuiet = now.getTime() - (refusalTold.get(group.id) ?? -Infinity) < REFUSALS_APART_MS;
    const news = [...newsOfAge(parts, group, whyStale(seen, members)), ...newsOfRefusal(group, seen, isQuiet)];
    if (news.length === 0) return;
    await store.transaction(async (records) => {
      if ((await records.group(group.id))?.state !== 'open') return;
      for (const each of news) await note(parts, records, group, each);
    });
    for (const { patch, why, notice } of news) {
      log('name', { name: group.what, ...patch, why });
      if (notice?.kind === 'name-refused') refusalTold.set(group.id, now.getTime());
    }
    post.poke();
  };
}

interface News {
  readonly patch: GroupPatch;
  readonly why: string;
  /** Undefined: only marked, in case it lasts. */
  readonly notice?: Notice;
}

async function note(parts: Parts, records: Records, group: Group, { patch, why, notice }: News): Promise<void> {
  await records.changeGroup(group.id, patch);
  if (!notice) return;
  await write(parts, records, { action: 'follow', by: 'dns', what: group.what, from: undefined, why, entry: group.id });
  await tell(parts, records, notice);
}

/** Why what is open for it may be out of date; undefined: DNS has told it all. */
function whyStale(seen: readonly Seen[], members: readonly Entry[]): string | undefined {
  for (const each of seen) {
    const { side, lookUp, good } = each;
    const called = calledOf(each);
    const its = members.filter(({ what }) => what === called);
    // Some servers cannot be asked for SRV at all, which is no matter to a name that has none.
    if (lookUp.kind === 'failed' && (side === 'itself' || its.length > 0)) return `${called}: ${sayLookUp(lookUp)}`;
    if (its.length === 0) continue; // nothing to lose
    if (lookUp.kind !== 'found') return `${called}: ${sayLookUp(lookUp)}`;
    if (good.length === 0) return `${called}: it answers with nothing that may be let in`;
    const unseen = its.find(({ network }) => !lookUp.settled.includes(familyOf(network)));
    if (unseen) return `${called}: DNS does not tell about addresses of the kind of ${unseen.network}`;
  }
  return undefined;
}

function newsOfAge({ clock, rules }: Parts, { what, staleSince, staleToldAt }: Group, why: string | undefined): News[] {
  const now = clock.now();
  if (why === undefined) {
    if (!staleSince) return [];
    const back = `It is known again, after ${Math.round((now.getTime() - staleSince.getTime()) / 1000)} s.`;
    const notice: Notice = { kind: 'name-back', what, since: staleSince };
    return [{ patch: { staleSince: 'fresh', staleToldAt: 'not' }, why: back, ...(staleToldAt && { notice }) }];
  }
  if (!staleSince) return [{ patch: { staleSince: now }, why }];
  const isOld = now.getTime() - staleSince.getTime() >= rules.names.staleSeconds * 1000;
  if (staleToldAt || !isOld) return [];
  const notice: Notice = { kind: 'name-stale', what, since: staleSince, why };
  const told = `Its last good addresses stay open: ${why}.`;
  return [{ patch: { staleToldAt: now }, why: told, notice }];
}

/** Told once, when it begins; `status` shows it as long as it lasts. */
function newsOfRefusal({ what, refused: before = [] }: Group, seen: readonly Seen[], isQuiet: boolean): News[] {
  if (!seen.every(isKnown)) return []; // not known whether it lasts
  const refused = [...new Set(seen.flatMap((each) => each.refused))].sort();
  if (refused.join() === [...before].sort().join()) return [];
  const why =
    refused.length > 0 ? `Not let in by name: ${refused.join(', ')}.` : 'Everything it answers may be let in.';
  if (refused.length === 0 || before.length > 0 || isQuiet) return [{ patch: { refused }, why }];
  const used: readonly Network[] = [...new Set(seen.flatMap(({ good }) => good))];
  return [{ patch: { refused }, why, notice: { kind: 'name-refused', what, refused, used } }];
}
