/**
 * Reads what pjsip.conf says about far ends through Asterisk's own parser: included files, templates and `+=` are
 * resolved by it. Sections are filtered by their type, so that none with a password leaves Asterisk.
 */
import type { Form, Mention } from '../domain/far-ends';
import { printable } from '../domain/printable';
import { parseAddress } from '../domain/network';
import type { OutsideAddress } from '../domain/phones';
import type { Ports } from '../domain/service';
import { AppError } from '../errors';
import type { AmiConnection } from './ami-connection';
import { field, type Frame } from './ami-frame';
import { isSendable } from './ami-headers';
import { replyKind } from './ami-reply';

interface Wanted {
  /** As GetConfig takes it: a section is told when all of these patterns match its lines. */
  readonly filter: string;
  readonly settings: Readonly<Record<string, Form>>;
  readonly nameOf: (section: Section) => string;
}

interface Section {
  readonly name: string;
  readonly lines: readonly (readonly [keyword: string, value: string])[];
}

export interface Registration {
  readonly name: string;
  readonly uri: string;
}

/** Whose packets are taken for an endpoint's. */
export interface Match {
  readonly endpoint: string;
  /** As it was written: addresses, networks and names. */
  readonly hosts: string;
}

const REGISTRATIONS = 'type=^registration$';
const MATCHES = 'type=^identify$';

const WANTED: readonly Wanted[] = [
  {
    filter: MATCHES,
    settings: { match: 'hosts' },
    nameOf: (section) => `endpoint ${endpointOf(section)}`,
  },
  {
    filter: REGISTRATIONS,
    settings: { server_uri: 'uris', client_uri: 'uris', outbound_proxy: 'uris' },
    nameOf: ({ name }) => `registration ${name}`,
  },
  {
    filter: 'type=^endpoint$,outbound_proxy=.',
    settings: { outbound_proxy: 'uris' },
    nameOf: ({ name }) => `endpoint ${name}`,
  },
];

/** None when there is no pjsip.conf. Rejects with AMI_FAILED when Asterisk cannot read it. */
export async function pjsipSections(connection: AmiConnection): Promise<readonly Mention[]> {
  const mentions: Mention[] = [];
  for (const { filter, settings, nameOf } of WANTED) {
    for (const section of await matching(connection, filter)) {
      for (const [keyword, value] of section.lines) {
        const form = settings[keyword];
        if (form) mentions.push({ of: nameOf(section), setting: keyword, value, form, speaks: 'sip' });
      }
    }
  }
  return mentions;
}

/** Where we register ourselves, as it was written. Resolves and rejects as `pjsipSections` does. */
export async function pjsipRegistrations(connection: AmiConnection): Promise<readonly Registration[]> {
  return (await matching(connection, REGISTRATIONS)).flatMap(({ name, lines }) => {
    const uri = lines.findLast(([keyword]) => keyword === 'server_uri')?.[1];
    return uri === undefined ? [] : [{ name, uri }];
  });
}

/** The sources that make a packet an endpoint's. Resolves and rejects as `pjsipSections` does. */
export async function pjsipMatches(connection: AmiConnection): Promise<readonly Match[]> {
  return (await matching(connection, MATCHES)).flatMap((section) =>
    section.lines.flatMap(([keyword, hosts]) =>
      keyword === 'match' ? [{ endpoint: endpointOf(section), hosts }] : [],
    ),
  );
}

function endpointOf({ name, lines }: Section): string {
  return lines.find(([keyword]) => keyword === 'endpoint')?.[1] ?? name;
}

/**
 * Those of these endpoints of pjsip.conf over which Asterisk sends no sound of its own accord while it waits for some. Each
 * is asked for by its name: those of all phones would come in one message, of megabytes. Resolves and rejects as
 * `pjsipSections` does.
 */
export async function endpointsWithoutKeepalive(
  connection: AmiConnection,
  endpoints: readonly string[],
): Promise<readonly string[]> {
  const waiting: string[] = [];
  for (const endpoint of endpoints.filter((name) => isSendable('Category', name))) {
    for (const { name, lines } of await matching(connection, 'type=^endpoint$', endpoint)) {
      const seconds = lines.findLast(([keyword]) => keyword === 'rtp_keepalive')?.[1] ?? '0';
      if (!(Number(seconds) > 0)) waiting.push(name);
    }
  }
  return waiting;
}

/** Of UDP and TCP alone: sections of TLS may hold the password of a key. */
const UDP_TRANSPORTS = 'type=^transport$,protocol=^udp$';
const TCP_TRANSPORTS = 'type=^transport$,protocol=^tcp$';
const OUTSIDE = ['external_signaling_address', 'external_media_address'];

/** What Asterisk gives out as its own address behind a router; names are left out. Resolves and rejects as `pjsipSections` does. */
export async function pjsipOutsideAddresses(connection: AmiConnection): Promise<readonly OutsideAddress[]> {
  const found = (await matching(connection, UDP_TRANSPORTS)).flatMap(({ name, lines }) =>
    OUTSIDE.flatMap((setting) => {
      const address = parseAddress(lines.findLast(([keyword]) => keyword === setting)?.[1] ?? '');
      return address === undefined ? [] : [{ address, from: `Asterisk's transport ${printable(name)} (${setting})` }];
    }),
  );
  return found.filter(({ address }, i) => found.findIndex((first) => first.address === address) === i);
}

/** Where its UDP and TCP transports are told to listen; those without a port of their own are left out. */
export async function pjsipBinds(connection: AmiConnection): Promise<readonly Ports[]> {
  const bindsOf = async (protocol: Ports['protocol'], filter: string) =>
    (await matching(connection, filter)).flatMap(({ lines }): Ports[] => {
      const bind = lines.findLast(([keyword]) => keyword === 'bind')?.[1] ?? '';
      const port = Number(/^(?:[^:[\]]*|\[[^[\]]*\]):(\d{1,5})$/.exec(bind)?.[1] ?? 0);
      return port > 0 && port <= 65_535 ? [{ protocol, first: port, last: port }] : [];
    });
  return [...(await bindsOf('udp', UDP_TRANSPORTS)), ...(await bindsOf('tcp', TCP_TRANSPORTS))];
}

async function matching(connection: AmiConnection, filter: string, name?: string): Promise<Section[]> {
  const wanted = { Filename: 'pjsip.conf', Filter: filter, ...(name !== undefined && { Category: name }) };
  const reply = await connection.action({ Action: 'GetConfig', ...wanted });
  const kind = replyKind(reply);
  if (kind === 'failed') {
    throw new AppError('AMI_FAILED', 'Asterisk cannot read its own pjsip.conf', 'see the log of Asterisk');
  }
  return kind === 'done' ? sectionsOf(reply) : [];
}

/** `Category-000001: carrier` and `Line-000001-000002: match=192.0.2.1`. */
function sectionsOf(reply: Frame): Section[] {
  const sections = new Map<string, { name: string; lines: [string, string][] }>();
  for (const [header, text] of reply.fields) {
    const [, number, isLine] = /^(?:category|line)-(\d+)(-\d+)?$/.exec(header) ?? [];
    if (number === undefined) continue;
    const section = sections.get(number) ?? { name: '', lines: [] };
    sections.set(number, section);
    if (isLine === undefined) section.name = field(reply, header) ?? '';
    else {
      const equals = text.indexOf('=');
      section.lines.push([text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()]);
    }
  }
  return [...sections.values()];
}
