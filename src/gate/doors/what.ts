/** What somebody means whom or what a door is to be opened for: as it was typed, to what it is. */
import { isIPv4, isIPv6 } from 'node:net';
import { networksOf, parseRange, rangeText, type AddressRange } from '../../domain/address-range';
import { parseHostName } from '../../domain/host-name';
import { nearest } from '../../domain/nearest';
import { parseAddress, parseNetwork, type Network } from '../../domain/network';
import { parseMasked } from '../../domain/network-mask';
import { providers } from '../../domain/providers';
import { AppError } from '../../errors';

export type What =
  | { readonly kind: 'network'; readonly network: Network }
  /** `networks`: the fewest that hold all of it; more than one, or it is a `network`. */
  | { readonly kind: 'range'; readonly range: AddressRange; readonly networks: readonly Network[] }
  /** Lower case, without a dot at its end. */
  | { readonly kind: 'name'; readonly host: string }
  | { readonly kind: 'provider'; readonly provider: string };

/**
 * Reads an address, a network (with its length or its mask), a range (`192.0.2.10-192.0.2.20`, `192.0.2.10-20`), a host
 * name, or a provider. Throws MISUSED, saying what is wrong with it.
 */
export function readWhat(typed: string): What {
  const text = typed.trim().replace(/\s+/g, ' ');
  const network = parseNetwork(text) ?? parseMasked(text);
  if (network) return { kind: 'network', network };
  const ends = endsOf(text);
  if (ends) return ofRange(text, ends);
  const known = providers().map(({ id }) => id);
  const provider = known.find((name) => name === text.toLowerCase());
  if (provider !== undefined) return { kind: 'provider', provider };
  const host = parseHostName(text);
  if (host !== undefined) return { kind: 'name', host };
  throw new AppError('MISUSED', `"${text}" is no address, network, range, name or provider`, hintOn(text, known));
}

/** Its one text: what the store remembers, the list shows and `revoke` finds it by. */
export function textOf(what: What): string {
  switch (what.kind) {
    case 'network':
      return what.network;
    case 'range':
      return rangeText(what.range);
    case 'name':
      return what.host;
    case 'provider':
      return what.provider;
  }
}

/** The same of anything that was typed or is remembered; of what is none, what was typed. */
export function canonicalText(typed: string): string {
  try {
    return textOf(readWhat(typed));
  } catch (error) {
    if (error instanceof AppError) return typed;
    throw error;
  }
}

interface Ends {
  readonly first: string;
  readonly last: string;
}

/** Undefined when it does not begin with an address and a dash: a host name may have one too. */
function endsOf(text: string): Ends | undefined {
  const [first = '', last = '', ...rest] = text.split(/ ?[-–] ?/);
  if (last === '' || rest.length > 0) return undefined;
  if (isIPv4(first)) return { first, last: /^\d+$/.test(last) ? first.replace(/\d+$/, last) : last };
  if (!isIPv6(first) || first.includes('.')) return undefined;
  return { first, last: /^[0-9a-f]{1,4}$/i.test(last) ? first.replace(/[0-9a-f]*$/i, last) : last };
}

function ofRange(text: string, { first, last }: Ends): What {
  const range = parseRange(first, last);
  if (!range) {
    const isTurned = parseRange(last, first) !== undefined;
    const hint = isTurned ? `write the lower address first: ${last}-${first}` : EXAMPLES;
    throw new AppError('MISUSED', `"${text}" is no range from a first to a last address`, hint);
  }
  if (meets(range, MAPPED)) {
    throw new AppError('MISUSED', `"${text}" holds IPv4 addresses in IPv6 form`, 'write them as 192.0.2.10-192.0.2.20');
  }
  const networks = networksOf(range);
  const [only, second] = networks;
  return only && !second ? { kind: 'network', network: only } : { kind: 'range', range, networks };
}

/** `::ffff:0:0/96`, whose text would be read as IPv4. */
const MAPPED: AddressRange = { family: 6, first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn };

function meets(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

const EXAMPLES = 'write 192.0.2.7, 192.0.2.0/24, 192.0.2.10-192.0.2.20, 2001:db8::/48 or office.example.com';

/** What is most probably wrong with it. */
function hintOn(text: string, known: readonly string[]): string {
  const near = nearest(text, known);
  if (near !== undefined) return `did you mean "${near}"? (tollgate provider list)`;
  const [, inner, port] = /^(?:\w+:(?:\/\/)?)?(?:[^@\s]*@)?\[?([^\s/[\]]+?)\]?(?::(\d+))?\/?$/.exec(text) ?? [];
  if (inner !== undefined && inner !== text && (parseAddress(inner) ?? parseHostName(inner)) !== undefined) {
    const service = port === undefined ? '' : ', and say what may come in with --service';
    return `write ${inner} alone${service}`;
  }
  return HINTS.find(([shape]) => shape.test(text))?.[1] ?? EXAMPLES;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^#?\d+$/, `a number alone is no address; ${EXAMPLES}`],
  [/%/, 'leave the interface (from the % on) away: an address of one link is let in as it is'],
  [/\*/, 'write a network for all of its addresses, as 192.0.2.0/24'],
  [/^(\d+\.){0,2}\d+(\/\d+)?$/, 'an IPv4 address has four numbers: 192.0.2.7, 192.0.2.0/24'],
  [/^\d+\.\d+\.\d+\.\d+$/, 'each of the four numbers is at most 255 and has no zero in front'],
  [/^[\d.]+\/\d+$/, 'the length of an IPv4 network is at most 32, as 192.0.2.0/24'],
  [/^[\d.]+[ /]255\.[\d.]+$/, 'a mask is 255.255.255.0 or the like: ones, then zeros'],
  [/^[\da-f:.]+\/\d+$/i, 'the length of an IPv6 network is at most 128, as 2001:db8::/48'],
  [/^\S+ \S+/, `one at a time; ${EXAMPLES}`],
];
