/** Reads an address as Asterisk writes where a packet came from. Strict: what is around it may be foreign text. */
import { parseAddress, type Network } from './network';

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`, or either without its port. */
export function readHostPort(text: string): Network | undefined {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/.exec(text);
  if (parts) return parseAddress(parts[1] ?? parts[2] ?? '');
  return parseAddress(text);
}
