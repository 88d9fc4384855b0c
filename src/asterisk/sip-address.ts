/** Reads the address out of the URIs that SIP writes. Foreign text, read strictly. */
import { parseHostName } from '../domain/host-name';
import { readHostPort } from '../domain/host-port';
import type { Network } from '../domain/network';

/**
 * `host:port` of a SIP URI, as written: what is behind the only @ and before parameters and headers. undefined when it
 * is no such URI; a second @ is not allowed in one, and would let a phone show another's address.
 */
export function targetOf(uri: string): string | undefined {
  const body = /^<?sips?:([^<>\s]+?)>?$/i.exec(uri)?.[1];
  const halves = body?.split('@') ?? [];
  if (halves.length > 2) return undefined;
  return halves.at(-1)?.split(/[;?]/)[0]?.toLowerCase();
}

/** Where it leads: an address, a full name, or neither. */
export function placeOfUri(uri: string): { readonly address: Network | undefined; readonly host?: string } {
  const address = addressOfUri(uri);
  const host = address === undefined ? parseHostName((targetOf(uri) ?? '').replace(/:\d{1,5}$/, '')) : undefined;
  return { address, ...(host !== undefined && { host }) };
}

/** undefined for a name. */
export function addressOfUri(uri: string): Network | undefined {
  return readHostPort(targetOf(uri) ?? '');
}
