/** The story that `tollgate demo` plays, step by step, with nothing simulated. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../domain/printable';
import { callIn } from './carrier';
import { checkout } from './checkout';
import { readLetter } from './letter-text';
import { openPhone, type Phone } from './phone';
import type { Answer } from './sip-line';
import { ADDRESS, EXTENSION, setStage, type Stage } from './stage';
import { startProbe, type Probe } from './probe';
import { CALL_LOG_FILE, readCallLog, tellCall, unheard, withoutPin, type CallEvent } from './transcript';

export interface StoryStep {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}
export interface Story {
  readonly ok: boolean;
  readonly steps: readonly StoryStep[];
  /**
   * `keys` with the PIN's as `•`; `seconds` from answer to first accepted packet. null: it did not come to a call.
   */
  readonly call: { readonly keys: string; readonly seconds: number } | null;
  /** From the confirming key to the first accepted packet. */
  readonly door: { readonly openedAfterMs: number } | null;
}

const ACCOUNT = '12';
const PIN = '73914628';
const CALLER = '4045551212';
/** Long enough for what comes after the call, short enough to wait for. */
const LEASE_SECONDS = 30;
/** The kernel counts whole seconds, and so does a lease. */
const LEASE_SLACK_MS = 2_000;
const KEYS = [`${ACCOUNT}#`, `${PIN}#`, `${ADDRESS.hotel.replaceAll('.', '*')}#`, '1'] as const;

/** What was seen on the way, for the steps that follow. */
interface Seen {
  firewallBefore: string;
  events: readonly CallEvent[];
  openedAtMs: number | undefined;
}
interface Scene {
  readonly stage: Stage;
  readonly tell: (line: string) => void;
  readonly hotel: Phone;
  readonly stranger: Phone;
  readonly probe: Probe;
  readonly seen: Seen;
}

/** A step's fault: what was expected and what came. */
class DoesNotHold extends Error {}

const STAGE = 'stage';
const STEPS: readonly (readonly [name: string, play: (scene: Scene) => Promise<string>])[] = [
  ['hotel silent', ({ hotel }) => silence(hotel)],
  ['stranger silent', ({ stranger }) => silence(stranger)],
  ['call', call],
  ['hotel registers', ({ hotel }) => registers(hotel)],
  ['stranger still silent', ({ stranger }) => silence(stranger)],
  ['mail', mail],
  ['firewall', firewall],
  ['lease ends', leaseEnds],
  ['hotel silent again', ({ hotel }) => silence(hotel)],
];

/**
 * Plays it inside a world, with `tree` from `tree(ASTERISK_22, …)`; a step that does not hold ends it. `sofar` gets the
 * story as far as it has come after each step, so that somebody has it when this process is ended.
 */
export async function playStory(
  tree: string,
  tell: (line: string) => void,
  sofar: (story: Story) => void,
): Promise<Story> {
  const steps: StoryStep[] = [];
  const seen: Seen = { firewallBefore: '', events: [], openedAtMs: undefined };
  const told = (): Story => {
    // The stage is told of when it cannot be set; the story's own steps come after it.
    const shown = steps.filter(({ name, ok }) => name !== STAGE || !ok);
    return { ok: shown.length === STEPS.length && shown.every(({ ok }) => ok), steps: shown, ...measured(seen) };
  };
  const step = async (name: string, work: () => Promise<string>) => {
    const began = performance.now();
    const ms = () => Math.round(performance.now() - began);
    try {
      const detail = await work();
      steps.push({ name, ok: true, ms: ms(), detail });
      sofar(told()); // before it is told: whoever ends the story at that word has this step
      tell(`ok      ${name.padEnd(22)} ${detail}`);
      return true;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      steps.push({ name, ok: false, ms: ms(), detail });
      tell(`FAILED  ${name.padEnd(22)} ${printable(detail)}`);
      return false;
    }
  };
  let scene: Scene | undefined;
  const ready = async () => {
    tell(
      'Setting the stage: a PBX with Asterisk and Tollgate, a hotel, a carrier and a stranger, each on its own network.',
    );
    scene = await setScene(tree, tell, seen);
    return 'Asterisk, Tollgate in mode guard, a mail server; the carrier is let in by "tollgate allow"';
  };
  if (await step(STAGE, ready)) {
    for (const [name, play] of STEPS) {
      const now = scene;
      if (now === undefined || !(await step(name, () => play(now)))) break;
    }
  }
  await scene?.stage.close();
  return told();
}

async function setScene(tree: string, tell: (line: string) => void, seen: Seen): Promise<Scene> {
  const stage = await setStage(tree);
  const { tollgate, tollgateWith } = stage;
  await tollgate('init');
  const traveller = ['--name', 'Ann Demo', '--email', 'ann@travel.example', '--extension', EXTENSION.user];
  const lease = ['--for', `${LEASE_SECONDS}s`, '--pin-stdin'];
  await tollgateWith(`${PIN}\n`, 'account', 'add', ACCOUNT, ...traveller, ...lease);
  await stage.serve();
  await tollgate('allow', ADDRESS.carrier, '--service', 'phone', '--name', 'carrier');
  await tollgate('guard', '--within', '60s');
  await tollgate('confirm', '--here');
  const phone = { ...EXTENSION, server: ADDRESS.pbx };
  const hotel = await openPhone(stage.hotel, { ...phone, from: ADDRESS.hotel });
  const stranger = await openPhone(stage.stranger, { ...phone, from: ADDRESS.stranger });
  const probe = await startProbe(stage.hotel, { from: ADDRESS.hotel, to: ADDRESS.pbx });
  seen.firewallBefore = await firewallOf(stage);
  return { stage, tell, hotel, stranger, probe, seen };
}

async function silence(phone: Phone): Promise<string> {
  const answer = await phone.register();
  if (answer !== 'silent') throw new DoesNotHold(`REGISTER was answered: ${said(answer)}`);
  return 'REGISTER meets silence';
}

async function registers(phone: Phone): Promise<string> {
  const answer = await phone.register();
  if (answer !== 200) throw new DoesNotHold(`the very same REGISTER: ${said(answer)}`);
  return 'the very same REGISTER: 200 OK';
}

const said = (answer: Answer): string => (typeof answer === 'number' ? `status ${answer}` : answer);

async function call({ stage, tell, probe, seen }: Scene): Promise<string> {
  tell(`\nA call comes in from ${CALLER}, through the carrier:`);
  const [account, pin, address, confirm] = KEYS;
  const steps = [4_500, account, 3_500, pin, 5_000, address, 14_000, confirm];
  const played = callIn(stage.carrier, {
    ...{ from: ADDRESS.carrier, to: ADDRESS.pbx, number: '15551234567', callerNumber: CALLER, steps },
  });
  const words = await promptWords();
  let told = 0;
  const tellMore = async (all: boolean) => {
    seen.events = withoutPin(readCallLog(await stage.asterisk.room.read(CALL_LOG_FILE)));
    const lines = tellCall(seen.events, words);
    // The last line may still grow.
    for (const line of lines.slice(told, all ? undefined : -1)) tell(line);
    told = Math.max(told, lines.length - (all ? 0 : 1));
  };
  let outcome: 'over' | undefined;
  const over = () => {
    outcome = 'over';
  };
  played.then(over, over);
  await waitFor(async () => {
    await tellMore(false);
    return outcome;
  }, CALL_MS);
  await tellMore(true);
  tell('');
  await played;
  const mute = unheard(await stage.asterisk.log());
  if (mute.length > 0) throw new DoesNotHold(`Asterisk could not play ${mute.join(', ')}`);
  const heard = seen.events.flatMap((event) => (event.kind === 'spoken' ? [event.prompt] : []));
  if (!heard.includes('opened')) throw new DoesNotHold('the caller was not told that it is open');
  seen.openedAtMs = probe.firstAnswerAt();
  if (seen.openedAtMs === undefined) throw new DoesNotHold('no packet from the hotel was accepted');
  const { call: measures, door } = measured(seen);
  return `${measures?.keys ?? ''} — open ${door?.openedAfterMs ?? '?'} ms after the last key`;
}

/** Prompts' names and their words. */
async function promptWords(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(checkout(), 'sounds/prompts.json'), 'utf8');
  return (JSON.parse(text) as { readonly en: Readonly<Record<string, string>> }).en;
}

function measured({ events, openedAtMs }: Seen): Pick<Story, 'call' | 'door'> {
  const answered = events.find(({ kind }) => kind === 'answered')?.atMs;
  const pressed = events.filter((event) => event.kind === 'pressed');
  const last = pressed.at(-1)?.atMs;
  if (answered === undefined || last === undefined || openedAtMs === undefined) return { call: null, door: null };
  const keys = pressed.map(({ key }) => key).join('');
  return { call: { keys, seconds: (openedAtMs - answered) / 1000 }, door: { openedAfterMs: openedAtMs - last } };
}

const MAIL_MS = 15_000;
/** SIPp itself gives up before. */
const CALL_MS = 300_000;

async function mail({ stage, tell }: Scene): Promise<string> {
  const letter = await waitFor(() => stage.letters.find(({ to }) => to.includes('ann@travel.example')), MAIL_MS);
  if (letter === undefined) throw new DoesNotHold(`no letter came within ${MAIL_MS / 1000} s`);
  const { subject, text } = readLetter(letter.text);
  tell(`\n  From: ${letter.from}\n  To: ${letter.to.join(', ')}\n  Subject: ${subject}\n`);
  for (const line of text.trim().split('\n')) tell(`  ${printable(line)}`);
  tell('');
  return `to ${letter.to.join(', ')}: ${subject}`;
}

/** What the kernel's own tools say of our rules and sets. */
async function firewallOf({ pbx }: Stage): Promise<string> {
  const rules = (await pbx.run('iptables', ['-S'])).split('\n').filter((line) => line.includes('TOLLGATE'));
  const sets = await pbx.run('ipset', ['save']);
  return [...rules, ...sets.split('\n').filter((line) => line.startsWith('add '))].join('\n');
}

async function firewall({ stage, tell, seen }: Scene): Promise<string> {
  const after = await firewallOf(stage);
  const elements = (text: string) => text.split('\n').filter((line) => line.startsWith('add '));
  tell('\n  iptables -S');
  for (const line of after.split('\n').filter((rule) => !rule.startsWith('add '))) tell(`    ${line}`);
  for (const [when, text] of [
    ['before', seen.firewallBefore],
    ['after', after],
  ] as const) {
    tell(`  ipset save, ${when} the call`);
    for (const line of elements(text)) tell(`    ${line}`);
  }
  tell('  tollgate log');
  for (const line of (await stage.tollgate('log')).trimEnd().split('\n')) tell(`    ${line}`);
  const open = (text: string) => elements(text).filter((line) => line.includes(` ${ADDRESS.hotel} `));
  if (open(seen.firewallBefore).length > 0) throw new DoesNotHold('the hotel was in a set before the call');
  if (open(after).length === 0) throw new DoesNotHold('the hotel is in no set after the call');
  return `${ADDRESS.hotel} is in ${open(after)
    .map((line) => line.split(' ')[1])
    .join(', ')}`;
}

async function leaseEnds({ stage, probe, tell }: Scene): Promise<string> {
  const entries = JSON.parse(await stage.tollgate('--json', 'list')) as { what: string; until: string | null }[];
  const until = entries.find(({ what }) => what === ADDRESS.hotel)?.until;
  if (until == null) throw new DoesNotHold('the hotel has no lease');
  const end = Date.parse(until);
  tell(`\nThe phone goes on asking, twenty times a second; its lease ends at ${until}.`);
  await waitFor(() => (Date.now() > end + LEASE_SLACK_MS ? true : undefined), LEASE_SECONDS * 2_000);
  const last = probe.lastAnswerAt() ?? 0;
  const off = last - end;
  if (Math.abs(off) > LEASE_SLACK_MS) {
    throw new DoesNotHold(`the last accepted packet was ${Math.abs(off)} ms ${off > 0 ? 'after' : 'before'} the end`);
  }
  if (Date.now() - last < LEASE_SLACK_MS / 2) throw new DoesNotHold('packets are still accepted');
  return `the kernel ended it ${Math.abs(off)} ms ${off > 0 ? 'after' : 'before'} its moment, in the middle of the phone's flow`;
}

/** Looks again and again until there is something; undefined after `mostMs`. */
async function waitFor<T>(look: () => T | undefined | Promise<T | undefined>, mostMs: number): Promise<T | undefined> {
  const end = performance.now() + mostMs;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() > end) return found;
    await sleep(50);
  }
}
