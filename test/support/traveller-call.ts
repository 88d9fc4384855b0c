/** A traveller's call through the carrier, by real SIP, with his ear on what Asterisk plays to him. */
import { openPhone, type PhoneCall } from '../../src/lab/phone';
import { ADDRESS, type Stage } from '../../src/lab/stage';
import { until } from './until';

export interface TravellerCall extends Pick<PhoneCall, 'press' | 'hangUp' | 'ended'> {
  /** Resolves when that prompt begins to be played to him; `mostMs` is 30,000 unless told. */
  hears(prompt: string, mostMs?: number): Promise<void>;
  /** Every prompt that he heard, in order. */
  heard(): Promise<readonly string[]>;
  /** `TOLLGATE_RESULT`, when the call is over. */
  result(): Promise<string>;
  close(): void;
}

const PATIENCE_MS = 30_000;
let calls = 0;

/** Resolves when the call is up. Every call shows a number of its own, so that no caller's number is locked. */
export async function travellerCall({ carrier, asterisk }: Stage): Promise<TravellerCall> {
  const [number, user] = [`1555${1000 + ++calls}`, `404555${1000 + calls}`];
  const line = { user, password: 'none', from: ADDRESS.carrier, server: ADDRESS.pbx };
  const phone = await openPhone(carrier.host, line);
  const call = await phone.call(number);
  if (typeof call !== 'object') throw new Error(`the PBX did not take the call: ${call}`);
  let channel = '';
  await until(async () => {
    channel = new RegExp(`\\[${number}@from-carrier:1\\] Goto\\("([^"]+)"`).exec(await asterisk.log())?.[1] ?? '';
    return channel !== '';
  }, 'the channel of a call');
  const found = async (pattern: string) =>
    [...(await asterisk.log()).matchAll(new RegExp(pattern, 'g'))].map(([, what = '']) => what);
  const heard = () => found(`<${channel}> Playing '(?:\\S*/)?([^/]+)\\.\\w+'`);
  const results = () => found(`\\[h@tollgate-travelin-man:1\\] Set\\("${channel}", "TOLLGATE_RESULT=(\\w*)"`);
  return {
    press: (keys) => call.press(keys),
    hangUp: () => call.hangUp(),
    ended: call.ended,
    heard,
    hears: (prompt, mostMs = PATIENCE_MS) =>
      until(async () => (await heard()).includes(prompt), `"${prompt}" on ${channel}`, mostMs),
    result: async () => {
      await until(async () => (await results()).length > 0, `the end of ${channel}`, PATIENCE_MS);
      return (await results())[0] ?? '';
    },
    close: () => void call.hangUp().finally(() => phone.close()),
  };
}
