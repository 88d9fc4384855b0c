/** The channels that are up, and from where each of them is signalled. */
import { readHostPort } from '../domain/host-port';
import { covers, type Network } from '../domain/network';
import type { AmiConnection } from './ami-connection';
import { field, type Frame } from './ami-frame';
import { isSendable } from './ami-headers';
import { replyKind } from './ami-reply';
import { itemsOf, type Contact } from './phones-contacts';
import { addressOfUri, targetOf } from './sip-address';

/**
 * Channel type -> what tells its far end's address. Asked per type: a function that does not fit a channel gives an
 * empty value, but also two warnings in Asterisk's log.
 */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  PJSIP: ['CHANNEL(pjsip,remote_addr)', 'CHANNEL(pjsip,target_uri)'],
  SIP: ['CHANNEL(recvip)', 'CHANNEL(peerip)'],
  IAX2: ['IAXPEER(CURRENTCHANNEL)'],
};

/**
 * From where a channel was seen signalled, by its unique id: of a call that Asterisk began only its contact may tell, and
 * that is forgotten when a lease ends, while the call goes on.
 */
export type SeenCalls = Map<string, readonly Network[]>;

export interface CallsPorts {
  readonly connection: AmiConnection;
  readonly contacts: () => Promise<readonly Contact[]>;
  readonly seen: SeenCalls;
}

/** The names of the channels that are signalled from inside `network`. */
export async function callsFrom(network: Network, ports: CallsPorts): Promise<readonly string[]> {
  const { connection, contacts, seen } = ports;
  const channels = oneEach(itemsOf(await connection.list({ Action: 'Status' }, 'StatusComplete')));
  const known = once(contacts);
  const up = new Set(channels.map(idOf));
  for (const id of seen.keys()) if (!up.has(id)) seen.delete(id);
  const found = await Promise.all(
    channels.map(async (channel) => {
      const name = field(channel, 'channel') ?? '';
      const now = await signalledFrom(connection, name, known);
      const addresses = [...new Set([...now, ...(seen.get(idOf(channel)) ?? [])])];
      seen.set(idOf(channel), addresses);
      return addresses.some((address) => covers(network, address)) ? name : undefined;
    }),
  );
  return found.filter((name) => name !== undefined);
}

/** Hangs up every channel that is signalled from inside `network`; resolves to their names. */
export async function hangUpFrom(network: Network, ports: CallsPorts): Promise<readonly string[]> {
  const names = await callsFrom(network, ports);
  const done = await Promise.all(
    names.map(async (name) => replyKind(await ports.connection.action({ Action: 'Hangup', Channel: name })) === 'done'),
  );
  return names.filter((_, i) => done[i]);
}

/** A caller's name may cut an item in pieces and forge some of them; what each channel is, is asked of itself below. */
function oneEach(pieces: readonly Frame[]): readonly Frame[] {
  const named = pieces.filter((piece) => field(piece, 'channel') !== undefined);
  return [...new Map(named.map((piece) => [field(piece, 'channel'), piece])).values()];
}

/** Names are used again after a restart of Asterisk. */
function idOf(channel: Frame): string {
  return `${field(channel, 'channel')} ${field(channel, 'uniqueid') ?? ''}`;
}

async function signalledFrom(
  connection: AmiConnection,
  name: string,
  contacts: () => Promise<readonly Contact[]>,
): Promise<readonly Network[]> {
  const asked = ASKED[name.split('/')[0] ?? ''];
  if (asked === undefined || !isSendable('Channel', name)) return [];
  const listed = await connection.list(
    { Action: 'Status', Channel: name, Variables: asked.join(',') },
    'StatusComplete',
  );
  // The last piece, where a caller's name has made several: what was asked for comes behind all that callers write.
  const variables = itemsOf(listed).at(-1)?.variables ?? new Map<string, string>();
  const told = asked.map((variable) => variables.get(variable) ?? '');
  const uri = variables.get('CHANNEL(pjsip,target_uri)') ?? '';
  const addresses = told.map((text) => readHostPort(text)).filter((address) => address !== undefined);
  return addresses.length > 0 || uri === '' ? addresses : calledAt(uri, await contacts());
}

/**
 * A call that Asterisk began has no remote_addr even when it is up. It goes to the contact's URI; where that is what the
 * phone believes (no rewrite_contact), the contact knows the source that registered it.
 */
function calledAt(uri: string, contacts: readonly Contact[]): readonly Network[] {
  const address = addressOfUri(uri);
  const target = targetOf(uri);
  const called = contacts.filter((contact) => contact.target === target).flatMap(({ addresses }) => addresses);
  return address === undefined ? called : [address, ...called];
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
