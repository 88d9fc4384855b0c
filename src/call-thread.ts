/** The thread that talks with callers: AGI and the conversations. `calls-aside.ts` starts it and answers what it asks. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { ipCountry } from '../agi/ip-country';
import { travelinMan } from '../agi/travelin-man';
import { startAgiServer, type AgiServer } from './asterisk/agi-server';
import type { CallsSetup, FromThread, LogLine, Services, ToThread } from './calls-aside';
import { clock } from './clock';
import { countriesOf } from './country/judge';
import type { Countries } from './domain/country';
import type { Doorkeeper } from './domain/doorkeeper';
import { permittedAtOnce, type StrangerDoor } from './domain/stranger-door';
import { AppError } from './errors';
import type { Log } from './ports';
import { soundFiles } from './sound-file';
import { questionsTo } from './thread-questions';

if (!parentPort) throw new Error('this is a thread, started by the daemon');
const daemon = parentPort;
const tell = (message: FromThread) => daemon.postMessage(message);
/** Told together, this many milliseconds after the first: a message costs a caller more than all else of a line. */
const TOGETHER_MS = 20;
let lines: LogLine[] = [];
const tellLines = () => {
  if (lines.length > 0) tell({ lines });
  lines = [];
};
const log: Log = (event, fields = {}) => {
  if (lines.push({ event, fields }) === 1) setTimeout(tellLines, TOGETHER_MS);
};
const questions = questionsTo(daemon);
const ask = <K extends keyof Services>(name: K, ...asked: Parameters<Services[K]>) =>
  questions.ask(name, ...asked) as ReturnType<Services[K]>;

const doorkeeper: Doorkeeper = {
  identify: (...asked) => ask('identify', ...asked),
  isLocked: (...asked) => ask('isLocked', ...asked),
  refusalOf: (...asked) => ask('refusalOf', ...asked),
  open: (...asked) => ask('open', ...asked),
  closeAll: (...asked) => ask('closeAll', ...asked),
  renewAll: (...asked) => ask('renewAll', ...asked),
  openNow: (...asked) => ask('openNow', ...asked),
  now: () => clock.now(),
};

/** Undefined: nothing may be decided here. */
let countries: Countries | undefined;
const strangerDoor: StrangerDoor = {
  check: async (address, caller) =>
    (address && countries && permittedAtOnce(countries, address)) ?? ask('check', address, caller),
};

/**
 * A caller's key waits for nothing else that this machine does; Asterisk itself, where it runs in real time, goes first.
 * Where it is refused, this thread is as good as any other.
 */
function goFirst(): void {
  try {
    const [thread = ''] = /\d+$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    execFileSync('chrt', ['--rr', '--reset-on-fork', '--pid', '1', thread], { stdio: 'ignore' });
  } catch (error) {
    log('calls wait their turn', { error: String(error), hint: 'has the unit LimitRTPRIO=1, and is chrt there?' });
  }
}

function start({ port, host, mostCalls, settings, sounds, pace }: CallsSetup): Promise<AgiServer> {
  return startAgiServer({
    ...{ port, host, mostCalls, settings, clock, log, random: randomBytes },
    soundFile: soundFiles(sounds.own, sounds.ours, clock),
    observe: (event) => log('call', { ...event }),
    scripts: {
      'travelin-man': async (call) => {
        const onFailure = (error: unknown) =>
          log('call answered with try-later', { error: error instanceof Error ? error.message : String(error) });
        return { TOLLGATE_RESULT: await travelinMan(call, doorkeeper, { pace, onFailure }) };
      },
      // A dialplan that does not give it here gives it where a caller's name could forge it: that is never read.
      'ip-country': async (call, { query, variable }) =>
        ipCountry(call, query ?? (await variable('TOLLGATE_ADDRESS')), strangerDoor),
    },
  });
}

async function main(): Promise<void> {
  goFirst();
  const server = await start(workerData as CallsSetup);
  daemon.on('message', (message: ToThread) => {
    if ('answers' in message) questions.hear(message);
    else if ('judged' in message) countries = countriesOf(message.judged);
    else
      void server.stop(message.stopWithinMs).then(() => {
        tellLines();
        daemon.close();
      });
  });
  tell({ port: server.port });
}

main().catch((error: unknown) => {
  if (!(error instanceof AppError)) throw error;
  const { code, what, hint } = error;
  tell({ fault: { code, what, hint } });
});
