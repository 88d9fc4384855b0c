/** Reads what Asterisk tells about logins: its security events, and for IAX2, which has none, lines of its log. */
import type { Driver, Login, LoginOutcome, WayBack } from '../domain/login';
import { parseAddress, type Network } from '../domain/network';
import { field, type Frame } from './ami-frame';
import { readRemoteAddress } from './phones-proof';

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

function wayBackOf(remote: string, outcome: LoginOutcome): WayBack {
  if (/^IPV[46]\/(?:TCP|TLS|WSS?)\//.test(remote)) return 'connection';
  return outcome === 'good' || outcome === 'wrong-password' ? 'answer' : 'no';
}

/**
 * A line of Asterisk's log: `… NOTICE[123] chan_iax2.c: Host 192.0.2.7:4569 failed to authenticate as bob`. The name is the
 * caller's and may hold anything, so that only what stands before it counts. Undefined: it is another line.
 */
export function readIaxLine(line: string): Login | undefined {
  const [, source = '', account = ''] =
    /^[^"]{0,80}?NOTICE\[\d+\](?:\[[^\]]{0,20}\])?:? chan_iax2\.c:(?: ?[\w:]{0,40}:)? Host (\S{2,60}) failed to authenticate as (.*)$/.exec(
      line,
    ) ?? [];
  const [, unknown = '', from = ''] =
    /^[^"]{0,80}?NOTICE\[\d+\](?:\[[^\]]{0,20}\])?:? chan_iax2\.c:(?: ?[\w:]{0,40}:)? No registration for peer '([^']{0,200})' \(from (\S{2,60})\)$/.exec(
      line,
    ) ?? [];
  const address = withoutPort(source || from);
  if (address === undefined) return undefined;
  const outcome = source ? 'wrong-password' : 'unknown-account';
  const name = (source ? account : unknown).slice(0, LONGEST_ACCOUNT);
  // Asterisk asks for a call token first, which only who receives at his address can know.
  return { driver: 'IAX2', address, account: name || undefined, outcome, wayBack: 'connection' };
}

/** `192.0.2.7`, `192.0.2.7:4569`, `2001:db8::7`, `[2001:db8::7]:4569`. */
function withoutPort(text: string): Network | undefined {
  const [, bracketed] = /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, plain] = /^([0-9.]+):\d{1,5}$/.exec(text) ?? [];
  return parseAddress(bracketed ?? plain ?? text);
}
