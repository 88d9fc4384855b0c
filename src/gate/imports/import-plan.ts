/** What an import's proposals come to: what each wants opened, looked up and judged before anything is changed. */
import type { Live } from '../../domain/live';
import type { Records } from '../../domain/store';
import { AppError, type Code } from '../../errors';
import { allowWanted } from '../doors/allow';
import { blockWanted } from '../doors/block';
import type { Replaced, Wanted } from '../doors/doors';
import type { AllowAsked, Asked } from '../doors/entries';
import type { Proposal, Wish } from './import';
import type { Parts } from '../parts';

interface Planned {
  /** Refused now, where its name cannot be looked up. */
  readonly proposal: Proposal;
  /** Undefined: it opens nothing. */
  readonly wanted: Wanted | undefined;
}

type Opening = Extract<Proposal, { readonly wish: Wish }>;

/** In the order of the proposals. Rejects with what one of them cannot be for, unless it is its name. */
export async function plannedFor(
  parts: Parts,
  asked: Asked,
  { origin, proposals }: { readonly origin: string; readonly proposals: readonly Proposal[] },
): Promise<readonly Planned[]> {
  const wantedFor = (proposal: Opening) => wantedOf(parts, askedFor(proposal.wish, asked, origin), proposal);
  // Names wait for DNS, all at once; the others ask the store alone, one after the other.
  const names = proposals.filter(isOpening).filter(isFollowed);
  const lookedUp = await Promise.all(names.map((proposal) => wantedFor(proposal).catch(faultOfName)));
  const outcomes = new Map<Proposal, Wanted | AppError>(names.map((name, i) => [name, lookedUp[i] ?? WAITING]));
  const isDnsDown = lookedUp.some((outcome) => outcome instanceof AppError && outcome.code === 'DNS_FAILED');
  for (const proposal of proposals) {
    if (outcomes.has(proposal)) continue;
    if (isOpening(proposal))
      outcomes.set(proposal, await wantedFor(proposal).catch((e: unknown) => tellOf(proposal, e)));
    else if (proposal.state === 'gone' && isDnsDown) outcomes.set(proposal, WAITING);
  }
  return proposals.map((proposal) => {
    const outcome = outcomes.get(proposal);
    if (outcome instanceof AppError) return { proposal: refused(proposal, outcome), wanted: undefined };
    return { proposal, wanted: outcome };
  });
}

const WAITING = new AppError('DNS_FAILED', 'it stays while DNS does not answer', 'import again when it does');

function isOpening(proposal: Proposal): proposal is Opening {
  return proposal.state === 'new' || proposal.state === 'changed';
}

function isFollowed({ means }: Opening): boolean {
  return means.kind === 'name' || means.kind === 'provider';
}

function askedFor({ what, services, until, name, note }: Wish, { by }: Asked, origin: string): AllowAsked {
  return {
    ...{ what, services, by, origin },
    ...(until !== 'forever' && { until: until.toISOString() }),
    ...(name !== undefined && { name }),
    ...(note !== undefined && { note }),
  };
}

async function wantedOf(parts: Parts, asked: AllowAsked, proposal: Opening): Promise<Wanted> {
  const wanted = await (proposal.wish.kind === 'block' ? blockWanted(parts, asked) : allowWanted(parts, asked));
  // Of what is new there is nothing to renew, and it may be very much.
  if (proposal.state === 'new') return { ...wanted, replaces: nothing };
  return { ...wanted, replaces: (records) => withThere(parts, records, { wanted, there: proposal.there }) };
}

const nothing = () => Promise.resolve({ superseded: [], closing: [] });

/** What is there on other terms ends too, if it is still open: its journal line brings it back. */
async function withThere(
  { clock }: Parts,
  records: Records,
  { wanted, there }: { readonly wanted: Wanted; readonly there: Live },
): Promise<Replaced> {
  const replaced = (await wanted.replaces?.(records)) ?? { superseded: [], closing: [] };
  const { superseded, groups = [] } = replaced;
  if ([...superseded, ...groups].some(({ id }) => id === there.id)) return replaced;
  const entry = await records.entry(there.id);
  if (entry?.state === 'open') return { ...replaced, superseded: [...superseded, entry] };
  const group = await records.group(there.id);
  if (group?.state !== 'open') return replaced;
  const members = await records.liveEntriesIn(group.id, clock.now());
  return { ...replaced, superseded: [...superseded, ...members], groups: [...groups, group] };
}

/** A name of which DNS tells nothing must not keep out the others. */
const OF_ONE_NAME: readonly Code[] = ['DNS_FAILED', 'NOT_FOUND', 'REFUSED'];

function faultOfName(error: unknown): AppError {
  if (error instanceof AppError && OF_ONE_NAME.includes(error.code)) return error;
  throw error;
}

function tellOf({ why }: Proposal, error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  throw new AppError(error.code, `${why}: ${error.what}`, `${error.hint}; nothing was changed`, error);
}

function refused({ what, services, name, why }: Proposal, fault: AppError): Proposal {
  return { state: 'refused', what, services, name, why: `${why}: ${fault.what}`, hint: fault.hint };
}
