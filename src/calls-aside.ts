/** Calls in a thread of their own: however long a door, a letter or a database takes, a caller's keys do not wait. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Pace } from '../agi/talk';
import type { CallSettings } from './asterisk/call-settings';
import type { Judged } from './domain/country';
import type { Doorkeeper } from './domain/doorkeeper';
import type { StrangerDoor } from './domain/stranger-door';
import type { Log } from './ports';
import { answerTo, errorOf, type Answer, type Fault, type Question } from './thread-questions';

/** Plain data: a message holds it. */
export interface CallsSetup {
  readonly port: number;
  readonly host: string;
  readonly mostCalls: number;
  readonly settings: CallSettings;
  readonly pace: Pace;
  readonly sounds: { readonly own: string; readonly ours: string };
}

/** What the thread asks. */
export type Services = Omit<Doorkeeper, 'now'> & StrangerDoor;

export interface LogLine {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type FromThread =
  Question | { readonly lines: readonly LogLine[] } | { readonly listening: true } | { readonly fault: Fault };
export type ToThread =
  Answer | { readonly listen: true } | { readonly judged: Judged } | { readonly stopWithinMs: number };

export interface CallsWorld {
  readonly services: Services;
  /** Tells by what countries are judged, where that alone may decide about a call. */
  readonly onJudged: ((listen: (judged: Judged) => void) => () => void) | undefined;
  readonly log: Log;
}

export interface CallsAside {
  /** Resolves when it takes calls; rejects with AGI_FAILED when it cannot. Once. */
  answer(world: CallsWorld): Promise<void>;
  /** Calls under way may end by themselves so long. */
  stop(withinMs: number): Promise<void>;
}

/** The thread loads its program meanwhile, and answers nobody yet. One that dies takes the process with it. */
export function startCallsAside(setup: CallsSetup): CallsAside {
  const thread = new Worker(join(__dirname, 'call-thread.js'), { workerData: setup });
  const send = (message: ToThread) => thread.postMessage(message);
  let isToEnd = false;
  const ended = new Promise<void>((resolve) => {
    // Nobody hears its 'error', so that one is thrown here.
    thread.once('exit', (code) => {
      if (!isToEnd) throw new Error(`the thread that answers calls has ended with ${code}`);
      resolve();
    });
  });
  let deaf: (() => void) | undefined;
  return {
    async answer({ services, onJudged, log }) {
      await new Promise<void>((resolve, reject) => {
        thread.on('message', (message: FromThread) => {
          if ('question' in message) void answerTo(message, services, thread);
          else if ('lines' in message) for (const { event, fields } of message.lines) log(event, fields);
          else if ('fault' in message) reject(errorOf(message.fault));
          else resolve();
        });
        send({ listen: true });
      });
      deaf = onJudged?.((judged) => send({ judged }));
    },
    async stop(withinMs) {
      deaf?.();
      isToEnd = true;
      send({ stopWithinMs: withinMs });
      await ended;
    },
  };
}
