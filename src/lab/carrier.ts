/** The telephone network: a call comes in by SIP, played by SIPp, with telephone keys as RFC 4733 events. */
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { AppError } from '../errors';
import type { Room } from './room';

export interface IncomingCall {
  /** The carrier's own address and the PBX's. */
  readonly from: string;
  readonly to: string;
  /** Dialled, and shown as the caller's. */
  readonly number: string;
  readonly callerNumber: string;
  /** Keys are pressed one after another, 400 ms each; a number is a pause in milliseconds. */
  readonly steps: readonly (string | number)[];
}

/** SIPp goes on while the keys sound, and the next keys cut them short: 200 ms of sound and 200 ms of pause for each. */
const KEY_MS = 400;
const FIRST_KEY_MS = 300;
const LAST_WAIT_MS = 90_000;

/** Resolves when the PBX has hung up. Rejects with SETUP_FAILED when it did not come to a call, or to its end. */
export async function callIn(room: Room, call: IncomingCall): Promise<void> {
  const [scenario, errorFile] = [`/tmp/call-${randomUUID()}.xml`, `/tmp/call-${randomUUID()}.log`]; // calls come at once
  await room.write(scenario, scenarioOf(call));
  const mediaPort = 6_000 + 8 * randomInt(1_000); // SIPp would take the same one for each
  const address = call.to.includes(':') ? `[${call.to}]` : call.to;
  const sipp = room.spawn(
    'sipp',
    [
      ...[
        '-sf',
        scenario,
        '-s',
        call.number,
        '-m',
        '1',
        '-i',
        call.from,
        '-mi',
        call.from,
        '-mp',
        String(mediaPort),
        '-nostdin',
      ],
      ...['-timeout', '240s', '-timeout_error', '-trace_err', '-error_file', errorFile, address],
    ],
    { stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } },
  );
  const [code] = (await once(sipp, 'exit')) as [number | null];
  if (code === 0) return;
  const errors = await room.read(errorFile).catch(() => '');
  throw new AppError('SETUP_FAILED', `the carrier's call did not come to its end (${code}): ${errors}`, 'see above');
}

function scenarioOf({ callerNumber, steps }: IncomingCall): string {
  const parties = (tag: string) => `From: <sip:${callerNumber}@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${tag}
Call-ID: [call_id]
Contact: <sip:${callerNumber}@[local_ip]:[local_port]>
Max-Forwards: 70`;
  const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]';
  return `<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a call from the telephone network">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${via}
${parties('')}
CSeq: 1 INVITE
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-16
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
${via}
${parties('[peer_tag_param]')}
CSeq: 1 ACK
Content-Length: 0

]]></send>
${steps.map(stepOf).join('\n')}
  <recv request="BYE" timeout="${LAST_WAIT_MS}"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;
}

function stepOf(step: string | number): string {
  if (typeof step === 'number') return `  <pause milliseconds="${step}"/>`;
  if (!/^[0-9*#A-D]+$/.test(step)) throw new RangeError(`no telephone has the keys ${JSON.stringify(step)}`);
  const press = `  <nop><action><exec play_dtmf="${step}"/></action></nop>`;
  return `${press}\n  <pause milliseconds="${FIRST_KEY_MS + step.length * KEY_MS}"/>`;
}
