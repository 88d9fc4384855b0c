/** scrypt in threads of its own, behind everything else that this process does: hashing PINs delays no caller's keys. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { oneAtATime } from './domain/one-at-a-time';
import type { Scrypt } from './gate/travellers/pin-vault';
import { PACKAGE } from './package-folder';
import type { Clock } from './ports';

const PROGRAM = join(PACKAGE, 'src/scrypt-thread.mjs');
/**
 * Whoever is merely nicer keeps the processor to the end of his slice, milliseconds in which a caller's key waits; who
 * has the idle class gives it up at once. But he gets nothing at all while others, Asterisk for example, keep every
 * processor busy: what has taken so long is therefore computed once more by a thread that is only nicer, and whoever is
 * first is heard.
 */
const PATIENCE_MS = 1000;

type Job = Parameters<Scrypt>;
type Answer = { readonly key: Uint8Array } | { readonly error: Error };
/** Undefined: it was no longer wanted when its turn came. */
type Compute = (job: Job, answered: AbortSignal) => Promise<Answer | undefined>;

/** At most `threads` at a time, and one more for what takes too long. Each is started when it is first needed, and none keeps the process alive. */
export function scryptAside(threads: number, clock: Clock): Scrypt {
  const idle = Array.from({ length: threads }, () => oneThread({ idle: true }));
  const urgent = oneThread({ idle: false });
  let turn = 0;
  return async (...job) => {
    const answered = new AbortController();
    const later = async () => {
      await clock.sleep(PATIENCE_MS, answered.signal);
      return answered.signal.aborted ? undefined : urgent(job, answered.signal);
    };
    const first = (idle[turn++ % threads] as Compute)(job, answered.signal);
    const second = later();
    const answer = (await Promise.race([first, second.then((it) => it ?? first)])) ?? (await second);
    answered.abort('answered');
    if (answer && 'key' in answer) return Buffer.from(answer.key);
    throw answer?.error ?? new Error('nobody computed it');
  };
}

interface Thread {
  readonly worker: Worker;
  answered: (answer: Answer) => void;
}

function oneThread(how: { readonly idle: boolean }): Compute {
  const alone = oneAtATime();
  let thread: Thread | undefined;
  const compute: Compute = async ([secret, salt, bytes, options], { aborted: isAnswered }) => {
    if (isAnswered) return undefined;
    const { worker } = (thread ??= start(how, () => (thread = undefined)));
    const current = thread;
    worker.ref();
    const answer = await new Promise<Answer>((resolve) => {
      current.answered = resolve;
      worker.postMessage({ secret, salt, bytes, options });
    });
    worker.unref();
    return answer;
  };
  return (job, answered) => alone(() => compute(job, answered));
}

function start(how: { readonly idle: boolean }, ended: () => void): Thread {
  const worker = new Worker(PROGRAM, { workerData: how });
  const thread: Thread = { worker, answered: () => undefined };
  const die = (error: Error) => {
    ended();
    thread.answered({ error });
  };
  worker.on('message', (answer: Answer) => thread.answered(answer));
  worker.on('error', die);
  worker.on('exit', (code) => die(new Error(`the thread that computes scrypt ended with ${code}`)));
  return thread;
}
