/** Reads what Asterisk tells about logins: its security events, and of IAX2, which has none, peers' states and lines of its log. */
import { z } from 'zod';
import { readHostPort } from '../domain/host-port';
import type { Driver, Login, LoginOutcome, WayBack } from '../domain/login';
import { field, type Frame } from './ami-frame';
import { readProof, readRemoteAddress } from './phones-proof';

const LONGEST_ACCOUNT = 64;
const DRIVERS: ReadonlySet<string> = new Set<Driver>(['PJSIP', 'SIP', 'AMI']);

/** A wrong password is `ChallengeResponseFailed` from PJSIP, `InvalidPassword` from chan_sip. `ChallengeSent` is every first REGISTER. */
export const OUTCOMES: Readonly<Record<string, LoginOutcome>> = {
  SuccessfulAuth: 'good',
  ChallengeResponseFailed: 'wrong-password',
  InvalidPassword: 'wrong-password',
  InvalidAccountID: 'unknown-account',
  FailedACL: 'refused',
};

/** What Asterisk calls a failed ACL when a phone of ours registers once too often, as after a change of network. */
const OWN_PHONE = 'registrar_attempt_exceeds_maximum_configured_contacts';

/** Undefined: it tells nothing of a login, or not from where. */
export function readLogin(event: Frame): Login | undefined {
  if (field(event, 'event') === 'PeerStatus') return readIaxLogin(event);
  const outcome = OUTCOMES[field(event, 'event') ?? ''];
  const driver = field(event, 'service') ?? '';
  const remote = field(event, 'remoteaddress') ?? '';
  const address = readRemoteAddress(remote);
  if (outcome === undefined || address === undefined || !DRIVERS.has(driver)) return undefined;
  if (outcome === 'good' && field(event, 'usingpassword') !== '1') return undefined;
  if (outcome === 'refused' && field(event, 'aclname') === OWN_PHONE) return undefined;
  return {
    driver: driver as Driver,
    address,
    account: field(event, 'accountid')?.slice(0, LONGEST_ACCOUNT),
    outcome,
    wayBack: wayBackOf(remote, outcome),
  };
}

/** Only the good ones are told so. */
function readIaxLogin(event: Frame): Login | undefined {
  const proof = readProof(event);
  if (!proof) return undefined;
  return { driver: 'IAX2', address: proof.address, account: proof.extension, outcome: 'good', wayBack: 'connection' };
}

function wayBackOf(remote: string, outcome: LoginOutcome): WayBack {
  if (/^IPV[46]\/(?:TCP|TLS|WSS?)\//.test(remote)) return 'connection';
  return outcome === 'good' || outcome === 'wrong-password' ? 'answer' : 'no';
}

const IAX_SOURCE = 'chan_iax2.c';
const PLAIN_LINE = /^[^"]{0,80}?NOTICE\[\d+\](?:\[[^\]]{0,20}\])?:? chan_iax2\.c:(?: ?[\w:]{0,40}:)? (.*)$/;
/** What its message says: from where, and as whom when that is told. */
export const IAX_FAILURES: readonly (readonly [RegExp, LoginOutcome])[] = [
  [/^Host (\S{2,60}) failed to authenticate as (.*)$/s, 'wrong-password'],
  [/^Host (\S{2,60}) failed MD5 authentication for '(.{0,200}?)' \(/s, 'wrong-password'],
  [/^Host (\S{2,60}) failed RSA authentication with /s, 'wrong-password'],
  [/^Host (\S{2,60}) did not provide proper plaintext password for '(.{0,200}?)'/s, 'wrong-password'],
  [/^No registration for peer '(?<name>[^']{0,200})' \(from (?<from>\S{2,60})\)$/s, 'unknown-account'],
];

/** How Asterisk writes its log: one JSON object a line, where a caller's line breaks stay escaped, or as text. */
export type LogFormat = 'json' | 'plain';

/** By the file's name: in a plain log a caller may write lines that look like anything, JSON too. */
export function logFormatOf(file: string): LogFormat {
  return file.endsWith('.json') ? 'json' : 'plain';
}

/**
 * A line of Asterisk's log: `… NOTICE[123] chan_iax2.c: Host 192.0.2.7:4569 failed to authenticate as bob`, or the same as
 * JSON. The name is the caller's and may hold anything, so that only what stands before it counts. Whoever may call can
 * have a whole line written into a plain log, by a line break in the number that he dials: that proves nothing. Undefined:
 * it is another line.
 */
export function readIaxLine(line: string, format: LogFormat): Login | undefined {
  const text = (format === 'json' ? jsonMessage(line) : PLAIN_LINE.exec(line)?.[1]) ?? '';
  for (const [form, outcome] of IAX_FAILURES) {
    const found = form.exec(text);
    if (!found) continue;
    const address = readHostPort(found.groups?.['from'] ?? found[1] ?? '');
    if (address === undefined) return undefined;
    const account = (found.groups?.['name'] ?? found[2] ?? '').slice(0, LONGEST_ACCOUNT) || undefined;
    // A call token may be optional: then one packet is an unknown account, and who wrote it is as open as over SIP.
    const wayBack = format === 'json' && outcome === 'wrong-password' ? 'answer' : 'no';
    return { driver: 'IAX2', address, account, outcome, wayBack };
  }
  return undefined;
}

const JSON_LINE = z.object({
  logmsg: z.object({
    location: z.object({ filename: z.literal(IAX_SOURCE) }),
    level: z.literal('NOTICE'),
    message: z.string(),
  }),
});

/** Undefined: it is none of IAX2's. */
function jsonMessage(line: string): string | undefined {
  if (!line.includes(IAX_SOURCE)) return undefined;
  try {
    return JSON_LINE.safeParse(JSON.parse(line)).data?.logmsg.message.trim();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // cut off by a full disk
    throw error;
  }
}
