/** What the country check of a call costs, against a bare `net` server with the same round trips and against PHP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectControl } from '../../src/control/client';
import type { Operations } from '../../src/gate/operations';
import { checkout } from '../../src/lab/checkout';
import type { Host } from '../../src/lab/host';
import { run } from '../../src/run';
import { startAsService } from './daemon';
import { startPhp } from './php';
import { alternate, times, type Rounds } from './rounds';
import { compared, type Row } from './row';

const ROUNDS = 9;
const CALLS = 300;
const PORT = 4573;
const HOME = '20.1.0.1:5060';
const ABROAD = '20.2.0.1:5060';
/** All of 20/8 is permitted there. */
const ABROAD_OF_PHP = '99.2.0.1:5060';
const MOST_TIMES = 1.3;
/** A PHP script takes so long that few will do. */
const PHP_CALLS = 10;
const PHP_TIMES = 30;
/** As Tollgate leaves it on the channel. */
const TRANSCRIPT = ['STRANGER" "false', 'COUNTRY" "AA', 'STRANGER_REASON" "permitted'].map(
  (words) => `SET VARIABLE "${words}"`,
);

/** The servers share one core, this process has what is left. */
const onCore = cpus().length > 1 ? ['taskset', '-c', '0'] : [];
const HERE: Host = {
  ...{ name: 'here', pid: process.pid, run },
  spawn: (file, args, options = {}) => spawn(file, [...args], options),
  close: () => undefined,
};

export async function strangers(folder: string): Promise<Row[]> {
  const daemon = await startAsService(folder, HERE, onCore, '[country]\ncalls = "enforce"\n');
  const control = await connectControl<Operations>(join(folder, 'control.sock'));
  if (!control) throw new Error('the daemon does not answer');
  await control.calls.rangePermit({ by: 'root', first: '20.1.0.0', last: '20.1.255.255' });
  control.close();
  const bare = await startBare(folder);
  const php = await startPhp();
  try {
    if ((await ask(PORT, HOME)) !== 'false' || (await ask(PORT, ABROAD)) !== 'true')
      throw new Error('it judges wrongly');
    await php.calls(1, ABROAD_OF_PHP, true);
    const measured = await alternate(
      {
        bare: () => times(CALLS, () => ask(bare.port, HOME)),
        home: () => times(CALLS, () => ask(PORT, HOME)),
        abroad: () => times(CALLS, () => ask(PORT, ABROAD)),
        php: () => php.calls(PHP_CALLS, HOME, false),
      },
      { rounds: ROUNDS },
    );
    return rowsOf(measured);
  } finally {
    bare.server.kill();
    await php.close();
    await daemon.stop();
  }
}

function rowsOf({ bare, home, abroad, php }: Readonly<Record<'bare' | 'home' | 'abroad' | 'php', Rounds>>): Row[] {
  const against = 'a bare `net` server with the same round trips';
  const what = 'the country check of a call from a permitted address';
  return [
    compared({ what, against, ours: home, theirs: bare, mostTimes: MOST_TIMES }),
    compared({
      what: "the same of a stranger's, which asks the database for an open entry",
      ...{ against, ours: abroad, theirs: bare },
    }),
    compared({
      ...{ what, ours: home, theirs: php, mostTimes: 1 / PHP_TIMES },
      against: 'a PHP AGI script that connects to MariaDB and asks two indexed tables',
    }),
  ];
}

/** As Asterisk asks: describes the call and confirms whatever is set. Resolves to STRANGER. */
async function ask(port: number, address: string): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let stranger: string | undefined;
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      stranger = /^SET VARIABLE "?STRANGER"? "?(\w+)/.exec(line)?.[1] ?? stranger;
      socket.write('200 result=1\n');
    }
  });
  const call = ['agi_network: yes', `agi_network_script: ip-country?${address}`, 'agi_channel: 0', 'agi_language: en'];
  socket.write([...call, 'agi_callerid: 4930123456', '', ''].join('\n'));
  await once(socket, 'close');
  return stranger;
}

async function startBare(folder: string): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  const file = join(folder, 'transcripts.json');
  await writeFile(file, JSON.stringify([TRANSCRIPT]));
  const program = [process.execPath, '-r', join(checkout(), 'test/support/typescript.js')];
  const server = spawn('env', [...onCore, ...program, join(__dirname, 'bare-server.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
  return { server, port: Number(line) };
}
