/**
 * What every import shares: wishes from a list, a file or another system are held against what is open, and shown as
 * proposals. What an import brought it may change and take away again; what a person did it never does.
 */
import { isBefore, type Declined, type EntryKind, type Until } from '../../domain/entry';
import type { Live } from '../../domain/live';
import { serviceNames } from '../../domain/service';
import type { ImportShape } from '../../domain/shapes';
import { AppError } from '../../errors';
import { Claims } from './import-claims';
import type { Parts } from '../parts';
import { refuseTooLong, refuseUnknown } from '../doors/terms';
import { refuseTooWide } from '../doors/too-wide';
import { readWhat, textOf, type What } from '../doors/what';

/** One thing that is to be let in, or blocked. All of it may be foreign text. */
export interface Wish {
  readonly kind: EntryKind;
  /** As `tollgate allow` takes it. */
  readonly what: string;
  /** Empty for a block. */
  readonly services: readonly string[];
  readonly until: Until;
  readonly name?: string;
  readonly note?: string;
  /** Where it comes from: `line 3`, `trunk 3 "callcentric": sip_server`. */
  readonly why: string;
}

interface Line {
  readonly what: string;
  readonly services: readonly string[];
  readonly name: string | undefined;
  readonly why: string;
}

/**
 * `same`: it is there, whoever brought it; or its end has come. `changed`: what this import brought is to be on other
 * terms. `gone`: what it brought and no longer wishes. `revoked`: a person closed what it brought, and it stays so.
 * `refused`: it cannot be; the others can.
 */
export type Proposal = Line &
  (
    | { readonly state: 'new'; readonly wish: Wish; readonly means: What }
    | { readonly state: 'changed'; readonly wish: Wish; readonly means: What; readonly there: Live }
    | { readonly state: 'same'; readonly there: Live | undefined }
    | { readonly state: 'gone'; readonly there: Live }
    | { readonly state: 'revoked'; readonly means: What; readonly hint: string }
    | { readonly state: 'refused'; readonly hint: string }
  );

/**
 * In the order of the wishes, and behind them what is gone. Changes nothing. `pbx`: what this import has brought on
 * another PBX of a shared database is not its own.
 */
export async function propose(
  parts: Parts,
  origin: string,
  wishes: readonly Wish[],
  pbx?: string,
): Promise<readonly Proposal[]> {
  const declined = await parts.store.declined(origin);
  const claims = new Claims(await everythingLive(parts), { origin, pbx, declined });
  // What fits wholly is claimed first, so that another line about the same address does not take it away.
  const same = wishes.map((wish) => claims.same(wish));
  const said = new Map<string, Wish>();
  const proposals = wishes.map((wish, i): Proposal => {
    const { services, name, why } = wish;
    const means = understood(parts, wish);
    if (means instanceof AppError) {
      return { what: wish.what, services, name, state: 'refused', why: `${why}: ${means.what}`, hint: means.hint };
    }
    const line = { what: textOf(means), services, name, why };
    const before = said.get(sayingOf(wish, line.what));
    if (before) return { ...line, why: `${why}: the same as ${before.why}`, state: 'same', there: undefined };
    said.set(sayingOf(wish, line.what), wish);
    if (same[i]) return { ...line, state: 'same', there: same[i] };
    if (!isBefore(parts.clock.now(), wish.until)) {
      return { ...line, why: `${why}: its end has come`, state: 'same', there: undefined };
    }
    const there = claims.changed(wish);
    if (there) return { ...line, state: 'changed', wish, means, there };
    const revoked = claims.declined(wish);
    return revoked ? leftOut({ ...line, means }, revoked) : { ...line, state: 'new', wish, means };
  });
  const gone = claims.unclaimed().map((there): Proposal => {
    const { what, services, name } = there;
    return { state: 'gone', what, services, name, why: `import ${origin} brought it and no longer has it`, there };
  });
  return [...proposals, ...gone];
}

/** It stays away until somebody asks for it. */
function leftOut(line: Line & { readonly means: What }, { by, at, services }: Declined): Proposal {
  const [verb, again] = services.length === 0 ? ['unblocked', 'block'] : ['revoked', 'allow'];
  const why = `${line.why}; ${verb} by ${by} on ${at.toISOString().slice(0, 16)}Z and left out`;
  return { ...line, state: 'revoked', why, hint: `to have it back: tollgate ${again} ${line.what}` };
}

function sayingOf({ kind, services }: Wish, what: string): string {
  return JSON.stringify([kind, what, [...services].sort()]);
}

/** What it means, or why it cannot be. */
function understood(parts: Parts, wish: Wish): What | AppError {
  try {
    refuseUnknown(wish.services, serviceNames(parts.services));
    refuseTooLong('name', wish.name);
    refuseTooLong('note', wish.note);
    const means = readWhat(wish.what);
    if (means.kind === 'network') refuseTooWide([means.network], means.network);
    if (means.kind === 'range') refuseTooWide(means.networks, textOf(means));
    return means;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function everythingLive({ store, clock }: Parts): Promise<readonly Live[]> {
  const now = clock.now();
  const single = (await store.liveEntries(now)).filter(({ partOf }) => partOf === undefined);
  return [...single, ...(await store.liveGroups(now))];
}

/** `made`: which entry or group came of a proposal. */
export function shapeOfImport(
  origin: string,
  proposals: readonly Proposal[],
  made?: ReadonlyMap<Proposal, number>,
): ImportShape {
  const shapes = proposals.map((proposal) => {
    const { state, what, services, name, why } = proposal;
    const there = 'there' in proposal ? proposal.there?.id : undefined;
    const hint = 'hint' in proposal ? proposal.hint : null;
    return { ...{ state, what, services, name: name ?? null, why, hint }, entry: made?.get(proposal) ?? there ?? null };
  });
  return { origin, applied: made !== undefined, proposals: shapes };
}
