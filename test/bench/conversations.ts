/** 500 conversations at once on one core, against a bare `net` server that makes the same round trips. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clock } from '../../src/clock';
import { pinVault } from '../../src/gate/travellers/pin-vault';
import { checkout } from '../../src/lab/checkout';
import type { Host } from '../../src/lab/host';
import { run } from '../../src/run';
import { prepareState, readPepper, stateFolder } from '../../src/state-folder';
import { openStore } from '../../src/store/open';
import type { Job, Outcome } from './crowd';
import { startAsService } from './daemon';
import { traveller } from './rig';
import { compared, figures, number, told, type Row } from './row';
import { p99, slow } from './statistics';

const CALLERS = 500;
/** Before it is measured each server has been running for a while, and its code is compiled. */
const EARLIER_CALLERS = 60;
/** Each takes as long as judging so many PINs does: more than a minute on one core. */
const ROUNDS = 2;
const MOST_TIMES = 2;
const MOST_MIB = 150;
const PIN = '73914628';
const FIRST_ACCOUNT = 1_000;
const PORT = 4573;

/** The servers have one core, the callers another. */
const onCore = (core: number): string[] => (cpus().length > 1 ? ['taskset', '-c', String(core)] : []);
const program = (name: string) => [
  ...[process.execPath, '-r', join(checkout(), 'test/support/typescript.js')],
  join(__dirname, name),
];
/** This process's own network. */
const HERE: Host = {
  ...{ name: 'here', pid: process.pid, run },
  spawn: (file, args, options = {}) => spawn(file, [...args], options),
  close: () => undefined,
};

export async function conversations(folder: string): Promise<Row[]> {
  await travellers(folder);
  const daemon = await startAsService(folder, HERE, onCore(0));
  const idle = await memoryOf(daemon.child, 'VmRSS');
  const earlier = { callers: EARLIER_CALLERS, account: FIRST_ACCOUNT + CALLERS, pin: PIN, address: ROUNDS * CALLERS };
  await crowd({ ...earlier, port: PORT, transcripts: undefined });
  const ours: Outcome[] = [];
  const bare: Outcome[] = [];
  const transcripts = join(folder, 'transcripts.json');
  for (let round = 0; round < ROUNDS; round++) {
    const job = { callers: CALLERS, account: FIRST_ACCOUNT, pin: PIN, address: round * CALLERS };
    ours.push(await crowd({ ...job, port: PORT, transcripts }));
    const server = start([...onCore(0), ...program('bare-server.ts'), transcripts]);
    const port = Number(await firstLine(server));
    await crowd({ ...earlier, port, transcripts: undefined });
    bare.push(await crowd({ ...job, port, transcripts: undefined }));
    server.kill();
  }
  const most = await memoryOf(daemon.child, 'VmHWM');
  await daemon.stop();
  const opened = ours.map((one) => one.opened);
  const turns = (outcomes: readonly Outcome[]) => outcomes.map((one) => one.turns);
  const later = (outcomes: readonly Outcome[]) => outcomes.map((one) => one.afterPins);
  const against = 'a bare `net` server';
  return [
    compared({
      what: `a turn, ${CALLERS} conversations at once, PINs hashed on the same core meanwhile`,
      ...{ against, ours: turns(ours), theirs: turns(bare), figure: p99, mostTimes: MOST_TIMES },
    }),
    compared({
      what: 'a turn after the last PIN was judged: reading back, opening, goodbye',
      ...{ against, ours: later(ours), theirs: later(bare), figure: (turns) => slow(turns).value },
    }),
    told('turns in a round', ours.map((one) => String(one.turns.length)).join(', ')),
    told('seconds for a round', ours.map((one) => number(one.seconds)).join(', ')),
    told('doors opened', opened.join(', '), {
      text: `all ${CALLERS}, each round`,
      met: opened.every((count) => count === CALLERS),
    }),
    told(`resident memory at most, hashing included (${number(idle)} MiB at rest)`, `${number(most)} MiB`, {
      text: `under ${MOST_MIB} MiB`,
      met: most < MOST_MIB,
    }),
    told('a turn of ours, all rounds', figures(ours.flatMap((one) => one.turns))),
  ];
}

/** One hash for all: what judging a PIN costs is the same. */
async function travellers(folder: string): Promise<void> {
  const state = stateFolder(folder);
  prepareState(state, randomBytes);
  const hash = await pinVault(readPepper(state), randomBytes).hash(PIN);
  const store = await openStore({ kind: 'sqlite', file: state.database, clock });
  await store.saveModeState({ mode: 'guard', trial: undefined, listening: undefined });
  await store.transaction(async (records) => {
    for (let n = 0; n < CALLERS + EARLIER_CALLERS; n++)
      await records.saveAccount(traveller(String(FIRST_ACCOUNT + n), hash));
  });
  await store.close();
}

async function crowd(job: Job): Promise<Outcome> {
  const callers = start([...onCore(1), ...program('crowd.ts')]);
  callers.stdin?.end(`${JSON.stringify(job)}\n`);
  return JSON.parse(await firstLine(callers)) as Outcome;
}

function start([file = '', ...args]: readonly string[]): ChildProcess {
  return spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('a child without a pipe');
  const lines = createInterface(stdout);
  const ended = once(lines, 'close').then(() => Promise.reject(new Error('it ended without a word')));
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined); // after its line its end is of no interest
  return line;
}

/** MiB. */
async function memoryOf({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
