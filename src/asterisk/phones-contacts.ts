/** The contacts that phones have registered, and how to make Asterisk forget one. */
import { covers, type Network } from '../domain/network';
import type { AmiConnection, Listed } from './ami-connection';
import { field, type Frame } from './ami-frame';
import { isSendable } from './ami-headers';
import { replyKind } from './ami-reply';
import type { Sources } from './phones-sources';
import { addressOfUri, targetOf } from './sip-address';

export interface Contact {
  /** Its key in Asterisk's database: `AOR;@hash`. */
  readonly key: string;
  readonly extension: string;
  /** `host:port` to which Asterisk sends. */
  readonly target: string | undefined;
  /** The packets' source when we saw it register, else the URI's host, which is the source only with rewrite_contact. */
  readonly address: Network | undefined;
  /** Both of the above. */
  readonly addresses: readonly Network[];
}

const FAMILY = 'registrar/contact';

/** Empty when chan_pjsip is not loaded. */
export async function listContacts(
  connection: AmiConnection,
  sources: Sources,
  now: Date,
): Promise<readonly Contact[]> {
  const listed = await connection.list({ Action: 'PJSIPShowContacts' }, 'ContactListComplete');
  return itemsOf(listed).flatMap((frame) => readContact(frame, sources, now) ?? []);
}

function readContact(frame: Frame, sources: Sources, now: Date): Contact | undefined {
  const [key, uri] = [field(frame, 'objectname'), field(frame, 'uri')];
  if (!key || !uri) return undefined;
  // Asterisk lists an expired contact until something next asks for it.
  const expires = Number(field(frame, 'expirationtime') ?? Infinity);
  if (expires * 1000 <= now.getTime()) return undefined;
  const extension = field(frame, 'endpoint') ?? key.split(';@')[0] ?? key;
  const seen = sources.addressOf(extension, field(frame, 'callid') ?? '');
  const addresses = [seen, addressOfUri(uri)].filter((address) => address !== undefined);
  return { key, extension, target: targetOf(uri), address: addresses[0], addresses };
}

/**
 * Makes Asterisk forget every contact of `network`; resolves to their keys. A contact that is merely deleted from the
 * database (DBDel) goes on being sent OPTIONS until Asterisk restarts, because only the registrar tells the qualifying
 * part that one has gone. Therefore its end is set into the past, and the registrar removes it: at once when the
 * endpoints are listed, otherwise within its own 30 seconds.
 */
export async function forgetContacts(
  connection: AmiConnection,
  contacts: readonly Contact[],
  network: Network,
): Promise<readonly string[]> {
  const mine = contacts.filter(({ addresses }) => addresses.some((address) => covers(network, address)));
  if (mine.length === 0) return [];
  const forgotten = await Promise.all(mine.map(({ key }) => expire(connection, key)));
  await connection.list({ Action: 'PJSIPShowEndpoints' }, 'EndpointListComplete');
  return mine.map(({ key }) => key).filter((_, i) => forgotten[i]);
}

async function expire(connection: AmiConnection, key: string): Promise<boolean> {
  if (!isSendable('Key', key)) return false;
  const listed = await connection.list({ Action: 'DBGet', Family: FAMILY, Key: key }, 'DBGetComplete');
  const record = itemsOf(listed).map((frame) => field(frame, 'val'))[0];
  if (record === undefined) return false;
  const expired = withPastEnd(record);
  const reply =
    expired !== undefined && isSendable('Val', expired)
      ? await connection.action({ Action: 'DBPut', Family: FAMILY, Key: key, Val: expired })
      : // Too long to be sent: no more calls to it, at least.
        await connection.action({ Action: 'DBDel', Family: FAMILY, Key: key });
  return replyKind(reply) === 'done';
}

/** The registrar's own record with its end in 1970; undefined when it is not the JSON object that it should be. */
function withPastEnd(record: string): string | undefined {
  try {
    const contact: unknown = JSON.parse(record);
    if (typeof contact !== 'object' || contact === null || !('expiration_time' in contact)) return undefined;
    return JSON.stringify({ ...contact, expiration_time: '1' });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The items of a list; none when the module that knows it is not loaded. */
export function itemsOf(listed: Listed): readonly Frame[] {
  return listed.kind === 'items' ? listed.items : [];
}
