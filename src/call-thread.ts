/** The thread that talks with callers: AGI and the conversations. `calls-aside.ts` starts it and answers what it asks. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
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
import { faultOf, questionsTo, type Questions } from './thread-questions';

/** Lines of the log are handed over together, so late: a message costs a caller more than all else of a line. */
const TOGETHER_MS = 20;

type Tell = (message: FromThread) => void;
type Ask = <K extends keyof Services>(name: K, ...asked: Parameters<Services[K]>) => ReturnType<Services[K]>;

function askingOver(questions: Questions): Ask {
  return (name, ...asked) => questions.ask(name, ...asked) as ReturnType<Services[typeof name]>;
}

function logOver(tell: Tell): { readonly log: Log; readonly handOver: () => void } {
  let lines: LogLine[] = [];
  const handOver = () => {
    if (lines.length > 0) tell({ lines });
    lines = [];
  };
  const log: Log = (event, fields = {}) => {
    if (lines.push({ event, fields }) === 1) setTimeout(handOver, TOGETHER_MS);
  };
  return { log, handOver };
}

function doorkeeperOver(ask: Ask): Doorkeeper {
  return {
    identify: (...asked) => ask('identify', ...asked),
    isLocked: (...asked) => ask('isLocked', ...asked),
    refusalOf: (...asked) => ask('refusalOf', ...asked),
    open: (...asked) => ask('open', ...asked),
    closeAll: (...asked) => ask('closeAll', ...asked),
    renewAll: (...asked) => ask('renewAll', ...asked),
    openNow: (...asked) => ask('openNow', ...asked),
    now: () => clock.now(),
  };
}

/** `countries`: as they are judged now; undefined: nothing may be decided here. */
function strangerDoorOver(ask: Ask, countries: () => Countries | undefined): StrangerDoor {
  return {
    async check(address, caller) {
      const known = countries();
      return (address && known && permittedAtOnce(known, address)) ?? ask('check', address, caller);
    },
  };
}

/**
 * A caller's key waits for nothing else that this machine does; Asterisk itself, where it runs in real time, goes first.
 * Where it is refused, this thread is as good as any other.
 */
function goFirst(log: Log): void {
  try {
    const [thread = ''] = /\d+$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    execFileSync('chrt', ['--rr', '--reset-on-fork', '--pid', '1', thread], { stdio: 'ignore' });
  } catch (error) {
    log('calls wait their turn', { error: String(error), hint: 'has the unit LimitRTPRIO=1, and is chrt there?' });
  }
}

function main(daemon: MessagePort, setup: CallsSetup): void {
  const tell: Tell = (message) => daemon.postMessage(message);
  const { log, handOver } = logOver(tell);
  const questions = questionsTo(daemon);
  const ask = askingOver(questions);
  const doorkeeper = doorkeeperOver(ask);
  let countries: Countries | undefined;
  const strangerDoor = strangerDoorOver(ask, () => countries);
  let server: AgiServer | undefined;
  const { port, host, mostCalls, settings, sounds, pace } = setup;
  const listen = async () => {
    goFirst(log);
    server = await startAgiServer({
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
    tell({ listening: true });
  };
  const stop = async (withinMs: number) => {
    await server?.stop(withinMs);
    handOver();
    daemon.close();
  };
  daemon.on('message', (message: ToThread) => {
    if ('answers' in message) questions.hear(message);
    else if ('judged' in message) countries = countriesOf(message.judged);
    else if ('listen' in message) void listen().catch((error: unknown) => tell(toldOf(error)));
    else void stop(message.stopWithinMs);
  });
}

/** Throws a bug of ours, which ends the process. */
function toldOf(error: unknown): FromThread {
  if (error instanceof AppError) return { fault: faultOf(error) };
  throw error;
}

if (!parentPort) throw new Error('this is the program of a thread that the daemon starts');
main(parentPort, workerData as CallsSetup);
