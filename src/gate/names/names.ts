/** A name or a provider that is to be let in: its addresses now, and from then on as they change. */
import type { LookUp } from '../../domain/names';
import { providerNamed } from '../../domain/providers';
import { AppError } from '../../errors';
import type { Wanted } from '../doors/doors';
import type { AllowAsked } from '../doors/entries';
import { entryOn, groupWanted } from '../doors/open-group';
import type { Parts } from '../parts';
import { calledOf, lookAt, sourcesOf, type Seen } from './sources';
import { termsOf, type Terms } from '../doors/terms';

/** Rejects with NOT_FOUND, DNS_FAILED or REFUSED, with nothing changed: a door that nobody can come through is none. */
export async function nameWanted(parts: Parts, asked: AllowAsked, host: string): Promise<Wanted> {
  return followedWanted(parts, termsOf(parts, asked), { kind: 'name', what: host });
}

/** As `nameWanted`; the provider's own services unless told. */
export async function providerWanted(parts: Parts, asked: AllowAsked, id: string): Promise<Wanted> {
  return followedWanted(parts, termsOf(parts, asked, providerNamed(id)?.services), { kind: 'provider', what: id });
}

/** All that DNS, and for a provider our own list, knows of it. */
async function followedWanted(
  parts: Parts,
  terms: Terms,
  { kind, what }: { readonly kind: 'name' | 'provider'; readonly what: string },
): Promise<Wanted> {
  const sources = sourcesOf({ kind, what, services: terms.services }, parts) ?? { names: [], networks: [] };
  const seen = await lookAt(parts, sources, () => undefined);
  const entries = [
    ...seen.flatMap((each) =>
      each.good.map((network) => ({
        ...entryOn(network, { ...terms, services: each.services }),
        what: calledOf(each),
      })),
    ),
    ...sources.networks.map(({ network, services }) => entryOn(network, { ...terms, services })),
  ];
  if (entries.length === 0) throw nothingToOpen(what, seen);
  return groupWanted({ kind, what, entries }, terms);
}

/** Of several answers, the most that is known: a refusal, then why nobody could be asked, then that there is nothing. */
function nothingToOpen(what: string, seen: readonly Seen[]): AppError {
  const refused = seen.flatMap((each) => each.refused);
  if (refused.length > 0) {
    const happened = `"${what}" stands for ${refused.join(', ')}, which is never let in by name`;
    return new AppError('REFUSED', happened, 'look at its records, or let in the address that you mean');
  }
  const failed = seen.find(({ lookUp }) => lookUp.kind === 'failed');
  if (failed) {
    const happened = `DNS does not tell what "${failed.host}" stands for: ${sayLookUp(failed.lookUp)}`;
    const hint = 'nothing was changed; try again when DNS answers ([dns] in the settings), or let its address in';
    return new AppError('DNS_FAILED', happened, hint);
  }
  if (seen.some(({ lookUp }) => lookUp.kind === 'empty')) {
    const isSip = seen.some(({ side }) => side === 'services');
    const happened = `"${what}" has no address in DNS${isSip ? ', and no SRV record for SIP that leads to one' : ''}`;
    const hint = 'ask its company for the addresses or names that calls come from, and let those in';
    return new AppError('NOT_FOUND', happened, hint);
  }
  return new AppError(
    'NOT_FOUND',
    `there is no name "${what}" in DNS`,
    'look for a typing mistake; nothing was changed',
  );
}

/** Why there is no good answer, as part of a sentence. */
export function sayLookUp(lookUp: LookUp): string {
  switch (lookUp.kind) {
    case 'found':
      return 'it has addresses';
    case 'empty':
      return 'it has no address any more';
    case 'missing':
      return 'there is no such name';
    case 'failed':
      return lookUp.why;
  }
}
