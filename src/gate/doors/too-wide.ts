/** How wide a door may be: in one piece, and together with what is open already. */
import { isWithin, PRIVATE, rangeOf, sizeOf, type AddressRange } from '../../domain/address-range';
import { prefixOf, WIDE, type Family, type Network } from '../../domain/network';
import { expandServices } from '../../domain/service';
import { AppError } from '../../errors';
import type { Parts } from '../parts';

/** Prefix lengths. Wider than this is a mistake, or the whole Internet in pieces. */
const WIDEST: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };
const FAMILIES: readonly Family[] = [4, 6];
const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** `asked`: the networks of what is let in, or blocked, as one. Rejects with REFUSED. */
export function refuseTooWide(asked: readonly Network[], called: string): void {
  const family = tooMuchOf(asked.map(rangeOf));
  if (family === undefined) return;
  const hint = 'a door that wide is no door: name smaller networks';
  throw new AppError('REFUSED', `${called} is wider than /${WIDEST[family]}`, hint);
}

/** Also when it is not so wide by itself, but with what the admin has opened for any of the same services. */
export async function refuseTooWideTogether(
  { store, clock, services: known }: Parts,
  asked: readonly Network[],
  { services, called }: { readonly services: readonly string[]; readonly called: string },
): Promise<void> {
  refuseTooWide(asked, called);
  const wide = asked.filter(isWideOutside);
  if (wide.length === 0) return;
  const sets = expandServices(services, known);
  const open = (await store.liveWideEntries(clock.now())).filter(
    (entry) =>
      entry.account === undefined && isWideOutside(entry.network) && meet(expandServices(entry.services, known), sets),
  );
  const family = tooMuchOf([...open.map(({ network }) => network), ...wide].map(rangeOf));
  if (family === undefined) return;
  const names = [...new Set(open.map(({ network }) => network))];
  const some =
    names.length > MOST_NAMED
      ? `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`
      : names.join(', ');
  throw new AppError(
    'REFUSED',
    `${called}, with ${some}, which is open already, is wider than /${WIDEST[family]} together`,
    'that is the whole Internet in pieces: name smaller networks, or revoke what nobody needs',
  );
}

const MOST_NAMED = 5;

/** The family of which they hold more than the widest door; undefined: of neither. */
function tooMuchOf(ranges: readonly AddressRange[]): Family | undefined {
  return FAMILIES.find((family) => {
    const size = sizeOf(ranges.filter((range) => range.family === family));
    return size > 1n << BigInt(BITS[family] - WIDEST[family]);
  });
}

/** Private networks are reached by nobody from the Internet, and narrow ones would have to be very many. */
export function isWideOutside(network: Network): boolean {
  const range = rangeOf(network);
  return prefixOf(network) <= WIDE[range.family] && !PRIVATE.some((reserved) => isWithin(range, reserved));
}

function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...a].some((name) => b.has(name));
}
