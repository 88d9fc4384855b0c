/** 50 real calls at once on a real Asterisk, five of them by SIP through the carrier, each opening its own address. */
import { createInterface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { connectControl } from '../../src/control/client';
import type { Operations } from '../../src/gate/operations';
import { callIn } from '../../src/lab/carrier';
import { ADDRESS, setStage, type Stage } from '../../src/lab/stage';
import { until } from '../support/until';
import { figures, told, type Row } from './row';

const LOCAL = 45;
const SIP = 5;
const ALL = LOCAL + SIP;
const PIN = '73914628';
const CALLS_MS = 150_000;
/** Two digits, so that one pattern serves all. */
const FIRST = 10;
/** The telephone: keys everything over the prompts, as whoever knows the menu does. */
const CALLER = `
[caller]
exten => _XX,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(1\${EXTEN}#${PIN}#198*51*100*\${EXTEN}#1,150,100)
 same => n,Wait(120)
`;

/** What the daemon logged of one call. */
interface Logged {
  began?: number;
  opened?: number;
  result?: string;
}

export async function calls(_folder: string, tree: string): Promise<Row[]> {
  const stage = await setStage(tree);
  try {
    return await measure(stage);
  } finally {
    await stage.close();
  }
}

async function measure(stage: Stage): Promise<Row[]> {
  await stage.tollgate('init');
  const heard = listen(await stage.serve());
  await addTravellers(stage);
  await stage.tollgate('allow', ADDRESS.carrier, '--service', 'phone', '--name', 'carrier');
  await stage.tollgate('guard', '--within', '60s');
  await stage.tollgate('confirm', '--here');
  const extensions = '/etc/asterisk/extensions.conf';
  await stage.asterisk.room.write(extensions, `${await stage.asterisk.room.read(extensions)}${CALLER}`);
  await stage.asterisk.rx('dialplan reload');

  const numbers = Array.from({ length: ALL }, (_, i) => FIRST + i);
  const bySip = numbers.slice(LOCAL).map((n) =>
    callIn(stage.carrier, {
      ...{ from: ADDRESS.carrier, to: ADDRESS.pbx, number: '15551234567', callerNumber: `40455512${n}` },
      steps: [4_500, `1${n}#`, 3_500, `${PIN}#`, 8_000, `198*51*100*${n}#`, 16_000, '1'], // as a person does
    }),
  );
  const local = numbers
    .slice(0, LOCAL)
    .map((n) => stage.asterisk.rx(`channel originate Local/${n}@caller/n extension s@tollgate-travelin-man`));
  await Promise.all(local);
  const done = () => [...heard.values()].filter(({ result }) => result !== undefined).length;
  const isDone = () => done() >= ALL;
  const inTime = await until(isDone, 'all calls to end', CALLS_MS).then(
    () => true,
    () => false, // the rows tell what is missing
  );
  const sipEnded = (await Promise.allSettled(inTime ? bySip : [])).filter(({ status }) => status === 'fulfilled');
  return rowsOf(stage, numbers, heard, sipEnded.length);
}

async function addTravellers({ state }: Stage): Promise<void> {
  const client = await connectControl<Operations>(join(state, 'control.sock'));
  if (!client) throw new Error('the daemon does not answer');
  for (let n = FIRST; n < FIRST + ALL; n++) {
    const traveller = { number: `1${n}`, name: `traveller ${n}`, email: `t${n}@travel.example`, pin: PIN };
    await client.calls.accountAdd({ ...traveller, by: 'root' });
  }
  client.close();
}

/** By channel, from the daemon's own log. */
function listen({ stderr }: ChildProcess): ReadonlyMap<string, Logged> {
  const heard = new Map<string, Logged>();
  if (stderr === null) throw new Error('a daemon without a log');
  createInterface(stderr).on('line', (text) => {
    const line = JSON.parse(text) as Readonly<Record<string, string | undefined>>;
    if (line['channel'] === undefined) return;
    const at = Date.parse(line['time'] ?? '');
    const logged = heard.get(line['channel']) ?? {};
    logged.began ??= at;
    if (line['prompt'] === 'opened') logged.opened ??= at;
    if (line['TOLLGATE_RESULT'] !== undefined) logged.result = line['TOLLGATE_RESULT'];
    heard.set(line['channel'], logged);
  });
  return heard;
}

async function rowsOf(
  stage: Stage,
  numbers: readonly number[],
  heard: ReadonlyMap<string, Logged>,
  sipEnded: number,
): Promise<Row[]> {
  const wanted = numbers.map((n) => `198.51.100.${n}`);
  const listed = JSON.parse(await stage.tollgate('--json', 'list')) as { what: string; state: string }[];
  const open = wanted.filter((one) => listed.some(({ what, state }) => what === one && state !== 'ended'));
  const members = await stage.pbx.run('ipset', ['save', 'tg-sip4']);
  const inKernel = wanted.filter((one) => members.includes(` ${one} `));
  const lettersTo = (n: number) => stage.letters.filter(({ to }) => to.includes(`t${n}@travel.example`)).length;
  const mailed = () => numbers.filter((n) => lettersTo(n) === 1).length;
  await until(() => mailed() === ALL, 'every traveller to get his letter', 30_000).catch(() => undefined); // told below
  const seconds = [...heard.values()].flatMap(({ began, opened }) =>
    began === undefined || opened === undefined ? [] : [opened - began],
  );
  const results = [...heard.values()].map(({ result }) => result ?? 'none');
  const others = results.filter((result) => result !== 'opened');
  if (others.length > 0) process.stderr.write(`calls that ended otherwise: ${others.join(', ')}\n`);
  const all = (what: string, count: number, of = ALL): Row =>
    told(what, `${count} of ${of}`, { text: 'all', met: count === of });
  return [
    all('calls that ended "opened"', results.filter((result) => result === 'opened').length),
    all('their addresses listed as open', open.length),
    all('their addresses in the kernel', inKernel.length),
    all('travellers with exactly one letter', mailed()),
    all('calls by SIP that the carrier saw to their end', sipEnded, SIP),
    told(
      'from the greeting to "It is open now", 8 s of it keys (by SIP 40 s of keys and pauses)',
      seconds.length > 0 ? figures(seconds) : 'none',
    ),
  ];
}
