/** What others, people mostly, have let in already of what an import proposes: its lines say so. */
import { kindOf, type Live } from '../../domain/live';
import { expandServices } from '../../domain/service';
import type { Proposal } from './import';
import type { Parts } from '../parts';

/** The same proposals; those that others cover already say by which entry. */
export async function withOthers(parts: Parts, origin: string, proposals: readonly Proposal[]): Promise<Proposal[]> {
  const groups = await parts.store.liveGroups(parts.clock.now());
  return Promise.all(
    proposals.map(async (proposal) => {
      const there = await coveringBy(parts, groups, proposal);
      const other = there.find((each) => each.origin !== origin && kindOf(each) === 'allow');
      return other ? { ...proposal, why: `${proposal.why}; ${sentence(other)}` } : proposal;
    }),
  );
}

function sentence({ id, by, partOf }: Live & { readonly partOf?: number }): string {
  return `entry ${partOf ?? id} by ${by} lets it in already`;
}

async function coveringBy(parts: Parts, groups: readonly Live[], proposal: Proposal): Promise<readonly Live[]> {
  if (proposal.state === 'same') return proposal.there ? [proposal.there] : [];
  if (proposal.state !== 'new' && proposal.state !== 'revoked') return [];
  const { means, services } = proposal;
  const there: readonly Live[] =
    means.kind === 'network'
      ? await parts.store.liveEntriesCovering(means.network, parts.clock.now())
      : groups.filter(({ what }) => means.kind === 'name' && what === means.host);
  const wanted = expandServices(services, parts.services);
  return there.filter((each) => {
    const open = expandServices(each.services, parts.services);
    return [...wanted].every((service) => open.has(service));
  });
}
