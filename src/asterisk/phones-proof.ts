/** Reads Asterisk's events: which of them proves that an address belongs to an extension. */
import { readHostPort } from '../domain/host-port';
import { parseAddress, type Network } from '../domain/network';
import type { Proof } from '../domain/phones';
import { field, type Frame } from './ami-frame';

/** `call`: the Call-ID of the request that proved it, to recognise the contact that it registered. */
export interface Proven extends Proof {
  readonly call: string | undefined;
}

/** Services of Asterisk whose good password is a phone's; Tollgate's own AMI login raises the same event. */
const PHONES: ReadonlySet<string> = new Set(['PJSIP', 'SIP']);

/**
 * `SuccessfulAuth` of a phone with a password. An account name is the sender's text in every other security event, but
 * here Asterisk has found it and the password was its own.
 */
export function readProof(event: Frame): Proven | undefined {
  if (field(event, 'event') === 'PeerStatus') return readIaxRegistration(event);
  if (field(event, 'event') !== 'SuccessfulAuth' || field(event, 'usingpassword') !== '1') return undefined;
  if (!PHONES.has(field(event, 'service') ?? '')) return undefined;
  const extension = field(event, 'accountid');
  const address = readRemoteAddress(field(event, 'remoteaddress') ?? '');
  return extension && address ? { extension, address, call: field(event, 'sessionid') } : undefined;
}

/** IAX2 has no security events: who has registered with another address than before is told as a peer's status. */
function readIaxRegistration(event: Frame): Proven | undefined {
  if (field(event, 'channeltype') !== 'IAX2' || field(event, 'peerstatus') !== 'Registered') return undefined;
  const extension = /^IAX2\/(.+)$/.exec(field(event, 'peer') ?? '')?.[1];
  const address = readHostPort(field(event, 'address') ?? '');
  return extension && address ? { extension, address, call: undefined } : undefined;
}

/** `IPV4/UDP/192.0.2.1/5060`; the transport may be missing, IPv6 has no brackets and may carry its scope. */
export function readRemoteAddress(text: string): Network | undefined {
  const parts = /^IPV[46]\/(?:(?:UDP|TCP|TLS|WS|WSS)\/)?([0-9A-Fa-f.:]{2,45})(?:%[^/]*)?\/\d{1,5}$/.exec(text);
  return parts?.[1] === undefined ? undefined : parseAddress(parts[1]);
}
