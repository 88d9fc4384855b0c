/** Every phone and trunk that Asterisk knows now, from all of its drivers that are loaded. */
import { farEndsOf } from '../domain/far-ends';
import { parseAddress, parseNetwork } from '../domain/network';
import type { Peer } from '../domain/phones';
import type { AmiConnection } from './ami-connection';
import { field, type Frame } from './ami-frame';
import { itemsOf, listContacts } from './phones-contacts';
import { pjsipMatches, pjsipRegistrations, type Match, type Registration } from './pjsip-sections';
import type { Sources } from './phones-sources';
import { placeOfUri } from './sip-address';

const PJSIP = 'PJSIP';

/**
 * `abilities`: what is not among them is not asked, because Asterisk logs every unknown action as a security event. No
 * action is asked that prints passwords, so registrations of ours are read as they stand in pjsip.conf, and those that
 * Asterisk reads from a database are not seen.
 */
export async function listPeers(
  connection: AmiConnection,
  abilities: ReadonlySet<string>,
  sources: Sources,
  now: Date,
): Promise<readonly Peer[]> {
  const ask = async (action: string, complete: string) =>
    abilities.has(action.toLowerCase()) ? itemsOf(await connection.list({ Action: action }, complete)) : [];
  const phones = abilities.has('pjsipshowcontacts') ? await listContacts(connection, sources, now) : [];
  const registered = new Set(phones.map(({ extension }) => extension));
  const canRead = abilities.has('getconfig');
  const all = [
    ...phones.map(({ extension, address }): Peer => ({ name: extension, channel: PJSIP, address, kind: 'phone' })),
    ...(await ask('PJSIPShowEndpoints', 'EndpointListComplete')).flatMap((frame) => staticPeers(frame, registered)),
    ...(canRead ? await pjsipRegistrations(connection) : []).map(registrar),
    ...(canRead ? await pjsipMatches(connection) : []).flatMap(matched),
    ...(await ask('IAXpeerlist', 'PeerlistComplete')).flatMap((frame) => driverPeer(frame, 'IAX2')),
    ...(await ask('SIPpeers', 'PeerlistComplete')).flatMap((frame) => driverPeer(frame, 'SIP')),
  ];
  return [...new Map(all.map((peer) => [JSON.stringify(peer), peer])).values()];
}

/**
 * `Contacts: trunk/sip:192.0.2.5:5060,trunk/sip:sip.example.com,`. A registered phone writes its own URI here, commas
 * and all, so only endpoints without one are read.
 */
function staticPeers(frame: Frame, registered: ReadonlySet<string>): Peer[] {
  const name = field(frame, 'objectname');
  if (name === undefined || registered.has(name)) return [];
  return (field(frame, 'contacts') ?? '').split(',').flatMap((contact): Peer[] => {
    const uri = contact.slice(contact.indexOf('/') + 1);
    return uri === '' ? [] : [{ name, channel: PJSIP, ...placeOfUri(uri), kind: 'trunk' }];
  });
}

/** A name mostly, whose address nobody has looked up here. */
function registrar({ name, uri }: Registration): Peer {
  return { name, channel: PJSIP, ...placeOfUri(uri), kind: 'trunk' };
}

function matched({ endpoint, hosts }: Match): Peer[] {
  const { found } = farEndsOf([{ of: endpoint, setting: 'match', value: hosts, form: 'hosts', speaks: 'sip' }]);
  return found.map(({ what }): Peer => {
    const address = parseNetwork(what);
    return { name: endpoint, channel: PJSIP, address, ...(address === undefined && { host: what }), kind: 'trunk' };
  });
}

/**
 * IAX2 and chan_sip: whoever registers is a phone, whoever has a host in the configuration a trunk, also while the driver
 * does not find it.
 */
function driverPeer(frame: Frame, channel: string): Peer[] {
  const [name, address] = [field(frame, 'objectname'), parseAddress(field(frame, 'ipaddress') ?? '')];
  const dynamic = field(frame, 'dynamic')?.toLowerCase() === 'yes';
  if (name === undefined || (dynamic && address === undefined)) return [];
  return [{ name, channel, address, kind: dynamic ? 'phone' : 'trunk' }];
}
