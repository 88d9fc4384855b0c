/** A bad hour of Asterisk's: an AMI peer that tells of failed logins, evenly spread, as many a second as it is asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { amiPeer, type AmiPeer, type Sent } from './ami-peer';

export interface Rush {
  readonly sent: number;
  /** Who has tried often enough to be blocked; each of them once. */
  readonly attackers: readonly string[];
  /** How long it really took. */
  readonly seconds: number;
}

const BATCH_MS = 10;
/** Of every 40 events one belongs to somebody new, who tries ten times: so many that a single lost one spares him. */
const ONE_IN = 40;
const TRIES = 10;
/** Some go on though they were blocked: no kernel stands between. */
const STUBBORN = 10;

/** An Asterisk without calls and contacts. */
export function idleAsterisk(): Promise<AmiPeer> {
  return amiPeer(({ Action: action = '' }: Sent) => {
    const complete = COMPLETE[action.toLowerCase()];
    if (complete === undefined) return undefined;
    const list = `ActionID: ID\nEventList: Complete\nListItems: 0\n\n`;
    return `Response: Success\nActionID: ID\nEventList: start\n\nEvent: ${complete}\n${list}`;
  });
}
const COMPLETE: Readonly<Record<string, string>> = {
  status: 'StatusComplete',
  pjsipshowcontacts: 'ContactListComplete',
  pjsipshowendpoints: 'EndpointListComplete',
};

/** Resolves when the last event has been handed to the socket. */
export async function rush(peer: AmiPeer, perSecond: number, seconds: number): Promise<Rush> {
  const total = perSecond * seconds;
  const began = performance.now();
  let sent = 0;
  while (sent < total) {
    await sleep(BATCH_MS);
    const due = Math.min(total, Math.ceil(((performance.now() - began) * perSecond) / 1000));
    let text = '';
    for (; sent < due; sent++) text += eventOf(sent);
    peer.send(text);
  }
  const newcomers = Math.floor(Math.ceil(total / ONE_IN) / TRIES);
  const attackers = [
    ...Array.from({ length: STUBBORN }, (_, i) => stubborn(i)),
    ...Array.from({ length: newcomers }, (_, i) => newcomer(i)),
  ];
  return { sent, attackers, seconds: (performance.now() - began) / 1000 };
}

/** Every other one is a single UDP packet, which anybody may have forged, each from somewhere else. */
function eventOf(i: number): string {
  if (i % ONE_IN === 0) return failed(newcomer(Math.floor(i / ONE_IN / TRIES)), '701');
  if (i % 2 === 0) return failed(stubborn((i / 2) % STUBBORN), `${700 + (i % 300)}`);
  return `Event: InvalidAccountID\nSeverity: Error\nService: PJSIP\nAccountID: ${i}\nSessionID: ${i}\nRemoteAddress: IPV4/UDP/10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/5060\n\n`;
}

function failed(address: string, account: string): string {
  return `Event: ChallengeResponseFailed\nSeverity: Error\nService: PJSIP\nAccountID: ${account}\nSessionID: ${address}\nRemoteAddress: IPV4/TCP/${address}/5060\nExpectedResponse: \n\n`;
}

const stubborn = (i: number) => `20.9.0.${i + 1}`;
const newcomer = (i: number) => `20.10.${i >> 8}.${i & 255}`;
