/** scrypt in threads of its own, behind everything else that this process does: hashing PINs delays no caller's keys. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { oneAtATime } from './domain/one-at-a-time';
import type { Scrypt } from './gate/pin-vault';
import { PACKAGE } from './package-folder';

const PROGRAM = join(PACKAGE, 'src/scrypt-thread.mjs');
/** Little, so that a telephone call goes first; enough to get on while Asterisk keeps the machine busy. */
const NICENESS = 5;

type Answer = { readonly key: Uint8Array } | { readonly error: Error };

/** At most `threads` at a time; each is started when it is first needed, and none keeps the process alive. */
export function scryptAside(threads: number): Scrypt {
  const all = Array.from({ length: threads }, oneThread);
  let turn = 0;
  return (...job) => (all[turn++ % threads] as Scrypt)(...job);
}

interface Thread {
  readonly worker: Worker;
  answered: (answer: Answer) => void;
}

function oneThread(): Scrypt {
  const alone = oneAtATime();
  let thread: Thread | undefined;
  const compute: Scrypt = async (secret, salt, bytes, options) => {
    const { worker } = (thread ??= start(() => (thread = undefined)));
    const current = thread;
    worker.ref();
    const answer = await new Promise<Answer>((resolve) => {
      current.answered = resolve;
      worker.postMessage({ secret, salt, bytes, options });
    });
    worker.unref();
    if ('key' in answer) return Buffer.from(answer.key);
    throw answer.error;
  };
  return (...job) => alone(() => compute(...job));
}

function start(ended: () => void): Thread {
  const worker = new Worker(PROGRAM, { workerData: { niceness: NICENESS } });
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
