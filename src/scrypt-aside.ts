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
 * processor busy: what has been computed for so long is therefore computed once more by a thread that is only nicer, and
 * whoever is first is heard.
 */
const PATIENCE_MS = 1000;

type Job = Parameters<Scrypt>;
type Answer = { readonly key: Uint8Array } | { readonly error: Error };
type Compute = (job: Job) => Promise<Answer>;

interface Task {
  readonly job: Job;
  /** The first answer counts. */
  readonly settle: (answer: Answer) => void;
}

/** At most `threads` at a time, and one more while they get nowhere. Each is started when it is first needed, and none keeps the process alive. */
export function scryptAside(threads: number, clock: Clock): Scrypt {
  const waiting: Task[] = [];
  const free = Array.from({ length: threads }, () => oneThread({ idle: true }));
  const urgent = oneThread({ idle: false });
  const inTurn = oneAtATime();

  async function work(thread: Compute): Promise<void> {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      const done = new AbortController();
      void rescue(task, done.signal);
      task.settle(await thread(task.job));
      done.abort('done');
    }
    free.push(thread);
  }

  /** As long as nobody gets on with this one, what waits behind it is computed as well. */
  async function rescue(stuck: Task, done: AbortSignal): Promise<void> {
    await clock.sleep(PATIENCE_MS, done);
    let task: Task | undefined = done.aborted ? undefined : stuck;
    while (task) {
      const { job, settle } = task;
      settle(await inTurn(() => urgent(job)));
      task = done.aborted ? undefined : waiting.shift();
    }
  }

  return async (...job) => {
    const answer = await new Promise<Answer>((settle) => {
      waiting.push({ job, settle });
      const thread = free.shift();
      if (thread) void work(thread);
    });
    if ('key' in answer) return Buffer.from(answer.key);
    throw answer.error;
  };
}

interface Thread {
  readonly worker: Worker;
  answered: (answer: Answer) => void;
}

/** For one job at a time. */
function oneThread(how: { readonly idle: boolean }): Compute {
  let thread: Thread | undefined;
  return async ([secret, salt, bytes, options]) => {
    const current = (thread ??= start(how, () => (thread = undefined)));
    current.worker.ref();
    const answer = await new Promise<Answer>((resolve) => {
      current.answered = resolve;
      current.worker.postMessage({ secret, salt, bytes, options });
    });
    current.worker.unref();
    return answer;
  };
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
