/** From a wrong password to the first packet that is dropped, with a real Asterisk that both Tollgate and fail2ban watch. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import { checkout } from '../../src/lab/checkout';
import type { Host } from '../../src/lab/host';
import { ADDRESS, EXTENSION, setStage, type Stage } from '../../src/lab/stage';
import { SECURITY_LOG, startFail2ban, type Fail2ban } from './fail2ban';
import type { Guessing } from './guesser';
import { alternate } from './rounds';
import { compared, number, told, type Row } from './row';
import { p99 } from './statistics';

const ROUNDS = 5;
/** A hundred of ours, because the goal is about the slowest in a hundred. */
const A_ROUND = { ours: 20, theirs: 10 } as const;
const TIMES_LESS = 100;
const MOST_MS = 20;
/** So many wrong passwords in a row make an address an attacker's. */
const OUR_TIMES = 10;
/** Addresses of the stranger's host, each for one attack of ours; fail2ban leaves them to us, and forgives its own. */
const FIRST = { ours: 130, theirs: 231 };
const LAST = 251;
const SPARED = ['192.0.2.128/26', '192.0.2.192/27', '192.0.2.224/30', '192.0.2.228/31', '192.0.2.230'];
/** fail2ban acts by a timer: an attack that always came just behind the one before would always meet it alike. */
const ANY_TIME_MS = 2_000;
/** fail2ban's jail closes it as well. */
const ECHO_PORT = 5061;

export async function attacks(folder: string, tree: string): Promise<Row[]> {
  const stage = await setStage(tree, { asterisk: { 'logger.conf': SECURITY_LOG }, within: folder });
  try {
    await stage.tollgate('init');
    await stage.serve();
    const fail2ban = await startFail2ban(stage.pbx, stage.asterisk, SPARED);
    try {
      return rowsOf(await measure(stage, fail2ban));
    } finally {
      fail2ban.close();
    }
  } finally {
    await stage.close();
  }
}

async function measure({ pbx, stranger }: Stage, fail2ban: Fail2ban) {
  for (let n = FIRST.ours; n <= LAST; n++) {
    if (addressOf(n) !== ADDRESS.stranger)
      await stranger.run('ip', ['address', 'add', `${addressOf(n)}/25`, 'dev', 'to-internet']);
  }
  const echo = start(pbx, 'echo.ts', String(ECHO_PORT));
  await once(echo.lines, 'line');
  const guesser = start(stranger, 'guesser.ts');
  const ended = once(guesser.lines, 'close').then(() => Promise.reject(new Error('the guesser has given up')));
  ended.catch(() => undefined); // between his answers, nobody waits for it
  const next = { ...FIRST };
  const times = async (who: keyof typeof FIRST, wrong: number, count: number = A_ROUND[who]): Promise<number[]> => {
    const taken: number[] = [];
    for (let i = 0; i < count; i++) {
      if (who === 'theirs') await sleep(Math.random() * ANY_TIME_MS);
      const from = addressOf(next[who]++);
      if (who === 'theirs' && next.theirs > LAST) next.theirs = FIRST.theirs;
      const job: Guessing = { from, server: ADDRESS.pbx, user: EXTENSION.user, times: wrong, echoPort: ECHO_PORT };
      guesser.child.stdin?.write(`${JSON.stringify(job)}\n`);
      const [line] = (await Promise.race([once(guesser.lines, 'line'), ended])) as [string];
      taken.push(Number(line));
      if (who === 'theirs') await fail2ban.forgive(from);
    }
    return taken;
  };
  await times('ours', OUR_TIMES, 1); // the first ones warm up
  await times('theirs', 1, 1);
  const measured = await alternate(
    { ours: () => times('ours', OUR_TIMES), theirs: () => times('theirs', 1) },
    { rounds: ROUNDS, warmUp: 0 },
  );
  guesser.child.kill();
  echo.child.kill();
  return measured;
}

function rowsOf({ ours, theirs }: Awaited<ReturnType<typeof measure>>): Row[] {
  const slowest = p99(ours.flat());
  return [
    compared({
      what: 'wrong password (the last of ten) → packets dropped, by AMI, entry and journal on disk',
      against: 'fail2ban on the security log, maxretry = 1',
      ...{ ours, theirs, mostTimes: 1 / TIMES_LESS },
    }),
    told('the same', `p99 ${number(slowest)} ms of ${ours.flat().length}`, {
      text: `p99 under ${MOST_MS} ms`,
      met: slowest < MOST_MS,
    }),
  ];
}

function addressOf(n: number): string {
  return `192.0.2.${n}`;
}

function start(host: Host, name: string, ...args: string[]): { child: ChildProcess; lines: Interface } {
  const program = ['-r', join(checkout(), 'test/support/typescript.js'), join(__dirname, name), ...args];
  const child = host.spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('a child without a pipe');
  return { child, lines: createInterface(child.stdout) };
}
