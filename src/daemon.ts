/** The daemon: calls, commands, time and mail, until it is told to stop. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PACE } from '../agi/talk';
import { startCallsAside, type CallsSetup, type CallsWorld } from './calls-aside';
import type { Config } from './config';
import { startControl, type ControlServer } from './control/server';
import { PACKAGE } from './package-folder';
import { runParts, type Part } from './parts';
import { callSettings, paceOf } from './settings';
import type { Log } from './ports';
import type { StateFolder } from './state-folder';
import { isShared, openTollgate, type Tollgate, type World } from './tollgate';

const TICK_MS = 1000;
const RECONCILE_MS = 60_000;
/** Between two looks at what other PBXs did. */
const FOLLOW_MS = 500;
/** Between two looks whether it is time to compare FreePBX again. */
const COMPARE_MS = 5000;
/** Between two looks whether it is time to ask Asterisk whom it knows. */
const HEAR_MS = 5000;
/**
 * MiB. The unit gives our own nursery twice that, because a start with many entries fills it hundreds of times; a thread
 * that answers calls is to pause shortly.
 */
const NURSERY_OF_THREADS = 1;
/**
 * Percent by which the heap may grow before all of it is looked through. The unit says 30, for little waste beside many
 * calls. While a start gathers a hundred thousand entries nearly all is kept, and to look often took a seventh of it.
 */
const HEAP_GROWTH = { start: 100, later: 30 } as const;
/** Calls under way may end by themselves this long when the daemon stops. */
const LAST_CALLS_MS = 10_000;

/** The daemon: runs until `stop` aborts. Rules and sets stay in force when it ends. */
export async function serve(config: Config, world: World, stop: AbortSignal): Promise<void> {
  setFlagsFromString(`--max-semi-space-size=${NURSERY_OF_THREADS}`); // of threads that are yet to start
  const tollgate = await openTollgate(config, world);
  const { state, gate, phones, post } = tollgate;
  const { log, clock } = world;
  const calls = startCallsAside(callsSetup(config, state));
  let control: ControlServer | undefined;
  const listening: (() => void)[] = [];
  const ended = new AbortController();
  const loops: Promise<void>[] = [];
  const parts: readonly Part[] = [
    { name: 'state', start: () => undefined, stop: () => tollgate.close() },
    { name: 'thread', start: () => undefined, stop: () => calls.stop(0) }, // it loads its program meanwhile
    {
      name: 'firewall',
      start: async () => {
        setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH.start}`);
        const lines = await gate.restore();
        setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH.later}`);
        log('firewall restored', { lines: lines.length });
      },
      stop: () => undefined, // what is in force stays in force
    },
    { name: 'mail', start: () => post.start(), stop: () => post.stop() },
    {
      name: 'asterisk',
      start: () => {
        listening.push(
          phones.onProof((proof) => void gate.proof(proof)),
          phones.onLogin((login) => gate.login(login)),
          phones.onState(({ state }) => void (state === 'up' && gate.asteriskIsBack())),
        );
        phones.start();
      },
      stop: () => {
        listening.forEach((end) => end());
        return gate.leave();
      },
    },
    {
      name: 'time',
      start: () => {
        loops.push(every(TICK_MS, () => gate.tick(), 'tick', world, ended.signal));
        if (isShared(config)) loops.push(every(FOLLOW_MS, () => gate.follow(), 'follow', world, ended.signal));
        loops.push(every(TICK_MS, () => gate.followNames(ended.signal), 'names', world, ended.signal));
        loops.push(every(COMPARE_MS, () => gate.compareExchange(), 'compare', world, ended.signal));
        loops.push(gate.watchFirewall(ended.signal));
        loops.push(every(HEAR_MS, () => gate.hear(), 'hear', world, ended.signal));
        loops.push(every(RECONCILE_MS, () => gate.reconcile(), 'reconcile', world, ended.signal));
      },
      stop: () => {
        ended.abort();
        return Promise.all(loops);
      },
    },
    {
      name: 'calls',
      start: () => calls.answer(callsWorld(config, tollgate, log)),
      stop: () => calls.stop(LAST_CALLS_MS),
    },
    {
      name: 'control',
      start: async () => {
        control = await startControl(state.control, gate.operations, log);
      },
      stop: () => control?.stop(),
    },
  ];
  await runParts(parts, stop, log, () => tellSystemd(world, 'READY=1'));
  log('stopped', { at: clock.now().toISOString() });
}

function callsSetup(config: Config, state: StateFolder): CallsSetup {
  const { port, host, calls: mostCalls } = config.agi;
  const sounds = { own: state.sounds, ours: join(PACKAGE, 'sounds') };
  return { port, host, mostCalls, settings: callSettings(config), pace: paceOf(PACE, config), sounds };
}

function callsWorld(config: Config, { gate, countries }: Tollgate, log: Log): CallsWorld {
  const services = { ...gate.doorkeeper, ...gate.strangerDoor };
  const onJudged = config.country.calls === 'off' ? undefined : countries.onJudged.bind(countries);
  return { services, onJudged, log };
}

/** A fault of one round is told and does not end the rounds. */
async function every(
  ms: number,
  work: () => Promise<unknown>,
  name: string,
  { clock, log }: World,
  stop: AbortSignal,
): Promise<void> {
  const inTime = async () => {
    await clock.sleep(ms, stop);
    return !stop.aborted;
  };
  while (await inTime()) {
    await work().catch((error: unknown) =>
      log(`${name} failed`, { error: error instanceof Error ? error.message : error }),
    );
  }
}

/** systemd waits for this before it calls us active: the rules have been read back by then. */
async function tellSystemd({ run, log }: World, message: string): Promise<void> {
  const socket = process.env['NOTIFY_SOCKET'];
  if (socket === undefined) return;
  await run('systemd-notify', [message], { env: { NOTIFY_SOCKET: socket } }).catch((error: unknown) =>
    log('systemd not told', { error: String(error) }),
  );
}
