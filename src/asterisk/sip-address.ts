/** Reads the address out of what SIP writes: URIs and `host:port` pairs. Foreign text, read strictly. */
import { parseAddress, type Network } from '../domain/network';

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`, or either without its port. */
export function readHostPort(text: string): Network | undefined {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/.exec(text);
  if (parts) return parseAddress(parts[1] ?? parts[2] ?? '');
  return parseAddress(text);
}

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

/** undefined for a name. */
export function addressOfUri(uri: string): Network | undefined {
  return readHostPort(targetOf(uri) ?? '');
}
