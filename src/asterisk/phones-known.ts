/** The far ends that a running Asterisk names: what an import lets in. */
import { REGISTERED, type Known, type LeftOut, type Mention } from '../domain/far-ends';
import type { AmiConnection } from './ami-connection';
import { field, type Frame } from './ami-frame';
import { itemsOf, listContacts } from './phones-contacts';
import { pjsipSections } from './pjsip-sections';
import type { Sources } from './phones-sources';

/**
 * No action is asked that prints passwords. So identify and registration sections are read as they stand in pjsip.conf,
 * and what Asterisk reads from a database is not seen.
 */
export async function listKnown(
  connection: AmiConnection,
  abilities: ReadonlySet<string>,
  sources: Sources,
  now: Date,
): Promise<Known> {
  const able = (action: string) => abilities.has(action.toLowerCase());
  const ask = async (action: string, complete: string) =>
    able(action) ? itemsOf(await connection.list({ Action: action }, complete)) : [];
  // Before the contacts: who registers in between must not be taken for a trunk.
  const endpoints = await ask('PJSIPShowEndpoints', 'EndpointListComplete');
  const phones = able('PJSIPShowContacts') ? await listContacts(connection, sources, now) : [];
  const registered = new Set(phones.map(({ extension }) => extension));
  const mayRead = able('GetConfig');
  const mentions = [
    ...(mayRead ? await pjsipSections(connection) : []),
    ...endpoints.flatMap((frame) => staticContacts(frame, registered)),
    ...(await ask('PJSIPShowAors', 'AorListComplete')).flatMap(proxyOfAor),
    ...phones.flatMap(({ extension, address }) => mention(`phone ${extension}`, REGISTERED, address, SIP)),
    ...(await ask('IAXpeerlist', 'PeerlistComplete')).flatMap((frame) => driverPeer(frame, IAX)),
    ...(await ask('IAXregistry', 'RegistrationsComplete')).flatMap((frame) => registry(frame, IAX)),
    ...(await ask('SIPpeers', 'PeerlistComplete')).flatMap((frame) => driverPeer(frame, CHAN_SIP)),
    ...(await ask('SIPshowregistry', 'RegistrationsComplete')).flatMap((frame) => registry(frame, CHAN_SIP)),
  ];
  return { mentions, leftOut: able('PJSIPShowEndpoints') && !mayRead ? [UNREAD] : [] };
}

const UNREAD: LeftOut = {
  of: 'pjsip.conf',
  why: 'may not be read (GetConfig) by the AMI user, so matches and registrations are not known',
};

type How = Pick<Mention, 'form' | 'speaks'> & { readonly driver: string };
const SIP: How = { form: 'hosts', speaks: 'sip', driver: '' };
const URIS: How = { form: 'uris', speaks: 'sip', driver: '' };
const IAX: How = { form: 'hosts', speaks: 'iax', driver: 'IAX ' };
const CHAN_SIP: How = { form: 'hosts', speaks: 'sip', driver: 'SIP ' };

function mention(of: string, setting: string, value: string | undefined, { form, speaks }: How): Mention[] {
  return value === undefined ? [] : [{ of, setting, value, form, speaks }];
}

/** A registered phone writes its own URIs into this list, commas and all, so only endpoints without one are read. */
function staticContacts(frame: Frame, registered: ReadonlySet<string>): Mention[] {
  const name = field(frame, 'objectname');
  if (name === undefined || registered.has(name)) return [];
  const contacts = (field(frame, 'contacts') ?? '').split(',').filter((contact) => contact !== '');
  return contacts.flatMap((contact) =>
    mention(`endpoint ${name}`, 'contact', contact.slice(contact.indexOf('/') + 1), URIS),
  );
}

function proxyOfAor(frame: Frame): Mention[] {
  return mention(`aor ${field(frame, 'objectname') ?? ''}`, 'outbound_proxy', field(frame, 'outboundproxy'), URIS);
}

/** Without a configured address it is a phone, whose address is the one that it registered from. */
function driverPeer(frame: Frame, how: How): Mention[] {
  const isDynamic = field(frame, 'dynamic')?.toLowerCase() === 'yes';
  const of = `${how.driver}peer ${field(frame, 'objectname') ?? ''}`;
  return mention(of, isDynamic ? REGISTERED : 'host', field(frame, 'ipaddress'), how);
}

/** chan_iax2 tells the address that it has found for a name. */
function registry(frame: Frame, how: How): Mention[] {
  return mention(`${how.driver}registration of ${field(frame, 'username') ?? ''}`, 'host', field(frame, 'host'), how);
}
