/** Reads what Asterisk tells about logins: its security events, and of IAX2, which has none, peers' states and lines of its log. */
import { readHostPort } from '../domain/host-port';
import type { Driver, Login, LoginOutcome, WayBack } from '../domain/login';
import { field, type Frame } from './ami-frame';
import { readProof, readRemoteAddress } from './phones-proof';

const LONGEST_ACCOUNT = 64;
const DRIVERS: ReadonlySet<string> = new Set<Driver>(['PJSIP', 'SIP', 'AMI']);

/** A wrong password is `ChallengeResponseFailed` from PJSIP, `InvalidPassword` from chan_sip. `ChallengeSent` is every first REGISTER. */
const OUTCOMES: Readonly<Record<string, LoginOutcome>> = {
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

const IAX_LINE = /^[^"]{0,80}?NOTICE\[\d+\](?:\[[^\]]{0,20}\])?:? chan_iax2\.c:(?: ?[\w:]{0,40}:)? (.*)$/;
/** What such a line says: from where, and as whom when that is told. */
const IAX_FAILURES: readonly (readonly [RegExp, LoginOutcome])[] = [
  [/^Host (\S{2,60}) failed to authenticate as (.*)$/, 'wrong-password'],
  [/^Host (\S{2,60}) failed MD5 authentication for '(.{0,200}?)' \(/, 'wrong-password'],
  [/^Host (\S{2,60}) failed RSA authentication with /, 'wrong-password'],
  [/^Host (\S{2,60}) did not provide proper plaintext password for '(.{0,200}?)'/, 'wrong-password'],
  [/^No registration for peer '(?<name>[^']{0,200})' \(from (?<from>\S{2,60})\)$/, 'unknown-account'],
];

/**
 * A line of Asterisk's log: `… NOTICE[123] chan_iax2.c: Host 192.0.2.7:4569 failed to authenticate as bob`. The name is the
 * caller's and may hold anything, so that only what stands before it counts. Undefined: it is another line.
 */
export function readIaxLine(line: string): Login | undefined {
  const text = IAX_LINE.exec(line)?.[1] ?? '';
  for (const [form, outcome] of IAX_FAILURES) {
    const found = form.exec(text);
    if (!found) continue;
    const address = readHostPort(found.groups?.['from'] ?? found[1] ?? '');
    if (address === undefined) return undefined;
    const account = (found.groups?.['name'] ?? found[2] ?? '').slice(0, LONGEST_ACCOUNT) || undefined;
    // Asterisk asks for a call token first, which only who receives at his address can know.
    return { driver: 'IAX2', address, account, outcome, wayBack: 'connection' };
  }
  return undefined;
}
