/** Takes Asterisk's FastAGI connections and gives each to the script it names. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../errors';
import type { Call } from '../domain/call';
import type { Clock, Log, Random } from '../ports';
import { AgiCall, type CallEvent } from './agi-call';
import { callerNumberOf, queryOf, scriptOf, type AgiEnvironment } from './agi-environment';
import { outcomeOf, type Variables } from './agi-outcome';
import { Contexts } from './agi-context';
import { AgiSession } from './agi-session';
import { CallLine } from './call-line';
import type { CallSettings } from './call-settings';

/** What the dialplan tells a script: in neither of these ways can a caller's name get in front of it. */
export interface AgiRequest {
  /** What stands behind the script's name and a question mark. */
  readonly query: string | undefined;
  /** A variable of the channel, or undefined where it is not set. */
  readonly variable: (name: string) => Promise<string | undefined>;
}

/** Answers one call. What it resolves to is left on the channel as variables. */
type AgiScript = (call: Call, request: AgiRequest) => Promise<Variables>;

export interface AgiServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** Addresses that may connect; this machine's loopback unless told. */
  readonly allow?: readonly string[];
  /** Calls at a time; one more is turned away. */
  readonly mostCalls?: number;
  /** Milliseconds in which Asterisk must have described the call. */
  readonly environmentMs?: number;
  readonly scripts: Readonly<Record<string, AgiScript>>;
  readonly settings: CallSettings;
  /** File of a prompt in this language, without its ending. */
  readonly soundFile: (prompt: string, language: string) => string;
  readonly observe?: (event: CallEvent & { readonly channel: string }) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface AgiServer {
  readonly port: number;
  /** Takes no more calls, gives those that are up `withinMs` to end by themselves, then cuts them off. */
  stop(withinMs: number): Promise<void>;
}

interface Serving extends AgiServerOptions {
  /** Lent to one call after another. */
  readonly contexts: Contexts;
}

const LOOPBACK = ['127.0.0.1', '::1'];
const VARIABLE_MS = 2000;
/** Connections that have not described a call yet; they take no call's place. */
const MOST_STRANGE = 200;

/** Resolves when it listens; rejects with AGI_FAILED when it cannot. */
export async function startAgiServer(options: AgiServerOptions): Promise<AgiServer> {
  const { port, host = '127.0.0.1', allow = LOOPBACK, log, clock } = options;
  const serving: Serving = { ...options, contexts: new Contexts() };
  const calls = new Map<Socket, Promise<void>>();
  /** Those of them that have not said yet what they are, oldest first. */
  const strange = new Set<Socket>();
  const mostCalls = options.mostCalls ?? 500;
  const server = createServer((socket) => {
    const peer = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    if (!allow.includes(peer)) {
      log('agi refused', { peer });
      return socket.destroy();
    }
    if (calls.size - strange.size >= mostCalls) {
      log('agi full', { calls: mostCalls });
      return socket.destroy();
    }
    // Asterisk describes a call at once, so the one that has been silent longest is none of its.
    const [oldest] = strange;
    if (strange.size >= MOST_STRANGE) oldest?.destroy();
    strange.add(socket);
    const call = answer(socket, serving, () => strange.delete(socket)).finally(() => {
      strange.delete(socket);
      calls.delete(socket);
    });
    calls.set(socket, call);
    return undefined;
  });
  await listen(server, port, host);
  server.on('error', (error) => log('agi server failed', { error: error.message }));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async (withinMs) => {
      const closed = once(server, 'close');
      server.close();
      const enough = new AbortController();
      const all = Promise.all(calls.values()).then(() => enough.abort());
      await clock.sleep(withinMs, enough.signal);
      for (const socket of calls.keys()) socket.destroy();
      await Promise.all([all, closed]);
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    server.listen({ port, host });
    await once(server, 'listening');
  } catch (error) {
    const what = `cannot take Asterisk's calls on ${host}:${port}: ${String(error)}`;
    throw new AppError('AGI_FAILED', what, 'does another Tollgate run? See "agi.port" in the settings', error);
  }
}

/** One connection from its first byte to its last; calls `described` once it is known for a call. Never rejects. */
async function answer(socket: Socket, options: Serving, described: () => void): Promise<void> {
  const { log } = options;
  const session = new AgiSession(socket, options);
  try {
    const environment = await session.open(options.environmentMs ?? 5000);
    described();
    await converse(session, environment, options);
  } catch (error) {
    log('agi connection dropped', {
      peer: socket.remoteAddress,
      error: error instanceof Error ? error.message : error,
    });
  } finally {
    session.close();
  }
}

/** Runs the script and leaves its result on the channel, whatever becomes of it. */
async function converse(session: AgiSession, environment: AgiEnvironment, options: AgiServerOptions): Promise<void> {
  const { scripts, settings, clock, log, observe } = options;
  const channel = environment.get('agi_channel') ?? '';
  const language = environment.get('agi_language') ?? '';
  const name = scriptOf(environment);
  const call = new AgiCall({
    callerNumber: callerNumberOf(environment),
    channel,
    line: new CallLine(session),
    clock,
    settings,
    soundFile: (prompt) => options.soundFile(prompt, language),
    observe: (event) => observe?.({ ...event, channel }),
    log,
  });
  const run = async () => {
    const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
    if (!script) throw new AppError('AGI_FAILED', `the dialplan asks for "${name}"`, 'see the dialplan folder');
    const variable = async (wanted: string) => (await session.command('GET VARIABLE', [wanted], VARIABLE_MS)).note;
    return script(call, { query: queryOf(environment), variable });
  };
  const { variables, failure } = await outcomeOf(run);
  if (failure !== undefined) log('call failed', { channel, script: name, error: call.withoutSecrets(failure) });
  for (const [variable, value] of Object.entries(variables)) {
    if (!(await session.leave(variable, value))) break;
  }
  session.close();
  await setImmediate(); // the connection ends only now: the log keeps no caller waiting
  log('call ended', { channel, script: name, ...variables });
}
