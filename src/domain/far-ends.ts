/** From what a telephone system's own settings say about its far ends to the addresses and names to let in. Pure. */
import { parseHostName } from './host-name';
import { parseNetwork, prefixOf, type Network } from './network';
import { parseMasked } from './network-mask';

/**
 * How a setting is written. `hosts`: addresses, networks and names. `permit`: the same, of an access list, in which
 * "everybody" is usual and means nothing. `uris`: SIP addresses. `register`: user, secret and host in one text.
 */
export type Form = 'hosts' | 'permit' | 'uris' | 'register';

/** One setting that names a far end. All of it is foreign text, and `value` may hold a password. */
export interface Mention {
  /** Whose setting it is: `trunk 3 "callcentric"`, `extension 201`. */
  readonly of: string;
  /** Its name there: `sip_server`. */
  readonly setting: string;
  readonly value: string;
  readonly form: Form;
  readonly speaks: 'sip' | 'iax';
}

/** The `setting` of a mention that is none: only that a phone has registered from there. */
export const REGISTERED = 'registered from there';

/** Without phones that have registered: what somebody has set, as trunks are. */
export function setByHand(mentions: readonly Mention[]): readonly Mention[] {
  return mentions.filter(({ setting }) => setting !== REGISTERED);
}

/** What a telephone system tells of its far ends. */
export interface Known {
  readonly mentions: readonly Mention[];
  readonly leftOut: readonly LeftOut[];
}

/** What is to be let in, and why. */
export interface FarEnd {
  /** A network or a host name. */
  readonly what: string;
  readonly services: readonly string[];
  /** `trunk 3 "callcentric": sip_server, match`; one for each that names it. */
  readonly reasons: readonly string[];
}

/** What cannot be let in, so that people know. Never quotes a setting: there may be a password in it. */
export interface LeftOut {
  readonly of: string;
  readonly why: string;
}

export interface FarEnds {
  readonly found: readonly FarEnd[];
  readonly leftOut: readonly LeftOut[];
}

const SERVICES: Readonly<Record<Mention['speaks'], readonly string[]>> = { sip: ['sip', 'rtp'], iax: ['iax'] };

/** In the order of the mentions, each far end once. */
export function farEndsOf(mentions: readonly Mention[]): FarEnds {
  const found = new Map<string, { services: Set<string>; reasons: Map<string, Set<string>> }>();
  const leftOut: LeftOut[] = [];
  for (const mention of mentions) {
    for (const item of itemsOf(mention)) {
      const host = readItem(item, mention.form);
      if (host.kind === 'nobody') continue;
      if (host.kind === 'unusable') {
        leftOut.push({ of: mention.of, why: `${mention.setting} ${host.why}` });
        continue;
      }
      const end = found.get(host.what) ?? { services: new Set(), reasons: new Map<string, Set<string>>() };
      SERVICES[mention.speaks].forEach((service) => end.services.add(service));
      end.reasons.set(mention.of, (end.reasons.get(mention.of) ?? new Set()).add(mention.setting));
      found.set(host.what, end);
    }
  }
  return {
    found: [...found].map(([what, { services, reasons }]) => ({
      what,
      services: [...services].sort(),
      reasons: [...reasons].map(([of, settings]) => `${of}: ${[...settings].join(', ')}`),
    })),
    leftOut: [...new Map(leftOut.map((each) => [`${each.of} ${each.why}`, each])).values()],
  };
}

/** Settings that are repeated come joined with `&`; a secret may hold one too, so there only an @ ends an item. */
function itemsOf({ value, form }: Mention): string[] {
  if (form !== 'register') {
    const items = form === 'uris' ? value.split(/[,&\r\n]/) : value.split(/\r?\n/).flatMap(withoutComment);
    return items.map((item) => item.trim()).filter((item) => item !== '');
  }
  const items: string[] = [];
  for (const piece of value.split(/[&\r\n]/)) {
    const last = items.at(-1);
    if (last !== undefined && !last.includes('@')) items[items.length - 1] = `${last}&${piece}`;
    else if (piece.trim() !== '') items.push(piece);
  }
  return items.map((item) => item.trim());
}

function withoutComment(line: string): string[] {
  return (line.split(/\\?;/)[0] ?? '').split(/[,&\s]+/);
}

type Read =
  | { readonly kind: 'host'; readonly what: string }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'unusable'; readonly why: string };

function readItem(item: string, form: Form): Read {
  const at = item.lastIndexOf('@');
  if (form === 'register' && at < 0) return { kind: 'unusable', why: 'holds no address or name' };
  const isException = item.startsWith('!');
  const text = at < 0 ? item.replace(SCHEME, '') : item.slice(at + 1);
  const network = networkIn(text, form);
  if (network)
    return isException
      ? { kind: 'unusable', why: 'holds an exception (!), which no entry can be' }
      : judge(network, form);
  const host = /^[^:;,?&/~\\>\s]*/.exec(text)?.[0] ?? '';
  if (['', 'dynamic', 'localhost'].includes(host.toLowerCase())) return { kind: 'nobody' };
  const what = parseHostName(host);
  return what === undefined ? { kind: 'unusable', why: 'holds no address or full name' } : { kind: 'host', what };
}

const SCHEME = /^<?(?:(?:sips?|iax2?):(?:\/\/)?|(?:udp|tcp|tls|wss?):\/\/)/i;

/** An address with its port, brackets, parameters; or a network with its length or mask. */
function networkIn(text: string, form: Form): Network | undefined {
  const cut = form === 'register' || form === 'uris' ? /[>\\;?~/].*$/s : /\\?;.*$/s;
  const plain = text.replace(/^!/, '').replace(cut, '');
  const bracketed = /^\[([^\]]*)\]/.exec(plain)?.[1];
  if (bracketed !== undefined) return parseNetwork(bracketed);
  const whole = parseNetwork(plain) ?? parseMasked(plain);
  return whole ?? parseNetwork(/^([0-9.]+):\d+$/.exec(plain)?.[1] ?? '');
}

/** Loopback, "this host", and what no single machine has. */
const NOBODY = /^(?:0|127|22[4-9]|23\d|24\d|25[0-5])\.|^::1?$|^ff/;

function judge(network: Network, form: Form): Read {
  if (prefixOf(network) === 0) {
    return form === 'permit'
      ? { kind: 'nobody' }
      : { kind: 'unusable', why: 'holds the whole Internet, which is no door' };
  }
  if (NOBODY.test(network)) return { kind: 'unusable', why: `holds ${network}, which is no far end` };
  return { kind: 'host', what: network };
}
