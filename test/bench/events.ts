/** A minute of 2,000 failed logins a second, told by a fake Asterisk to the daemon as it runs, and calls meanwhile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { clock } from '../../src/clock';
import { connectControl } from '../../src/control/client';
import { pinVault } from '../../src/gate/travellers/pin-vault';
import type { Operations } from '../../src/gate/operations';
import type { Host } from '../../src/lab/host';
import { run } from '../../src/run';
import { prepareState, readPepper, stateFolder } from '../../src/state-folder';
import { openStore } from '../../src/store/open';
import { idleAsterisk, rush } from '../support/event-rush';
import { until } from '../support/until';
import { converse } from './agi-peer';
import { startAsService } from './daemon';
import { traveller } from './rig';
import { figures, number, told, type Row } from './row';
import { p99 } from './statistics';

const A_SECOND = 2_000;
const SECONDS = 60;
const QUIET_SECONDS = 10;
const PORT = 4573;
const ACCOUNT = { number: '1000', pin: '73914628' };
/** Between two calls: people, not a flood of them. */
const BETWEEN_MS = 200;
/** All that Node may use for what lives longer: what is not bounded ends the daemon. */
const HEAP_MIB = 64;
const MOST_MIB = 250;
/** Nobody hears it. */
const MOST_TURN_MS = 100;
/** What was told last may still be on its way into the store. */
const SETTLE_MS = 60_000;
/** This process's own network. */
const HERE: Host = {
  ...{ name: 'here', pid: process.pid, run },
  spawn: (file, args, options = {}) => spawn(file, [...args], options),
  close: () => undefined,
};

/** What came of a rush, as the daemon itself says. */
export interface Outcome {
  readonly sent: number;
  readonly heard: number;
  readonly attackers: number;
  readonly blocked: number;
  readonly seconds: number;
  /** Milliseconds of every turn of the calls before it and during it. */
  readonly quiet: readonly number[];
  readonly busy: readonly number[];
  /** What each call meanwhile came to. */
  readonly results: readonly string[];
  /** Resident memory in MiB, before and at most. */
  readonly before: number;
  readonly most: number;
}

export async function events(folder: string): Promise<Row[]> {
  const outcome = await rushAt(folder, { perSecond: A_SECOND, seconds: SECONDS, quietSeconds: QUIET_SECONDS });
  const { sent, heard, attackers, blocked, seconds, quiet, busy, results, before, most } = outcome;
  const lost = sent - heard;
  const opened = results.filter((result) => result === 'opened').length;
  return [
    told(`failed logins told of in ${number(seconds)} s`, String(sent)),
    told('of them lost', String(lost), { text: '0', met: lost === 0 }),
    told('addresses that guessed, blocked in the kernel', `${blocked} of ${attackers}`, {
      text: 'all',
      met: blocked === attackers,
    }),
    told(
      `resident memory at most, ${HEAP_MIB} MiB of heap allowed (${number(before)} MiB before it)`,
      `${number(most)} MiB`,
      {
        text: `under ${MOST_MIB} MiB`,
        met: most < MOST_MIB,
      },
    ),
    told('a turn of a call meanwhile', figures(busy), {
      text: `p99 under ${MOST_TURN_MS} ms`,
      met: p99(busy) < MOST_TURN_MS,
    }),
    told('a turn of a call before it', figures(quiet)),
    told('calls meanwhile that opened their door', `${opened} of ${results.length}`, {
      text: 'all',
      met: opened === results.length && opened > 0,
    }),
  ];
}

/** `folder`: an empty one, for the daemon's state. Its commands and calls are reached in this process's network. */
export async function rushAt(
  folder: string,
  {
    perSecond,
    seconds,
    quietSeconds,
  }: { readonly perSecond: number; readonly seconds: number; readonly quietSeconds: number },
): Promise<Outcome> {
  await oneTraveller(folder);
  const asterisk = await idleAsterisk();
  const ami = ['ENABLED=true', `PORT=${asterisk.port}`, 'SECRET=none'].map((setting) => `TOLLGATE_AMI_${setting}`);
  const daemon = await startAsService(folder, HERE, ['env', ...ami, `NODE_OPTIONS=--max-old-space-size=${HEAP_MIB}`]);
  const control = await connectControl<Operations>(join(folder, 'control.sock'));
  if (!control) throw new Error('the daemon does not answer');
  const detail = async (name: string) =>
    (await control.calls.status({})).parts.find((part) => part.name === name)?.detail ?? '';
  await until(async () => (await detail('asterisk')) === 'connected', 'the login to AMI');

  const before = await memoryOf(daemon.child, 'VmRSS');
  const [quiet] = await callsUntil(sleep(quietSeconds * 1000));
  const [[busy, results], { sent, attackers, seconds: took }] = await meanwhile(rush(asterisk, perSecond, seconds));
  const heard = async () => Number(/: (\d+)$/.exec(await detail('attacks'))?.[1]);
  const members = async () => (await run('ipset', ['list', 'tg-block4'])).split('\n').map((line) => line.split(' ')[0]);
  const blocked = async () => {
    const there = new Set(await members());
    return attackers.filter((address) => there.has(address)).length;
  };
  const all = async () => (await heard()) === sent && (await blocked()) === attackers.length;
  await until(all, 'the last of them', SETTLE_MS).catch(() => undefined); // what is missing is told
  const most = await memoryOf(daemon.child, 'VmHWM');
  const outcome = { sent, heard: await heard(), attackers: attackers.length, blocked: await blocked() };
  control.close();
  await daemon.stop();
  await asterisk.close();
  return { ...outcome, seconds: took, quiet, busy, results, before, most };
}

async function meanwhile<T>(work: Promise<T>) {
  return [await callsUntil(work), await work] as const;
}

/** One traveller calls again and again; resolves to the turns and what each call came to. */
async function callsUntil(end: Promise<unknown>): Promise<readonly [number[], string[]]> {
  const turns: number[] = [];
  const results: string[] = [];
  const over = new AbortController();
  void end.finally(() => over.abort());
  for (let n = 1; !over.signal.aborted; n++) {
    const call = {
      port: PORT,
      channel: String(n),
      callerNumber: `4930${n}`,
      account: ACCOUNT.number,
      pin: ACCOUNT.pin,
    };
    const { result } = await converse({ ...call, address: `20*1*0*${n % 250}`, turn: (ms) => turns.push(ms) });
    results.push(result ?? 'nothing');
    await sleep(BETWEEN_MS);
  }
  return [turns, results];
}

async function oneTraveller(folder: string): Promise<void> {
  const state = stateFolder(folder);
  prepareState(state, randomBytes);
  const hash = await pinVault(readPepper(state), randomBytes).hash(ACCOUNT.pin);
  const store = await openStore({ kind: 'sqlite', file: state.database, clock });
  await store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
  await store.transaction((records) => records.saveAccount(traveller(ACCOUNT.number, hash)));
  await store.close();
}

async function memoryOf({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
