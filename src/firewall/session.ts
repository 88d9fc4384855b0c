/**
 * One `ipset -` that lives long: a change costs no process. Success is silent there, so each change is followed by
 * `test`, whose line on stderr is marker and read-back in one. (`ipset restore` holds lines back and ends at an error.)
 */
import type { Clock } from '../ports';
import type { SessionChild, SpawnSession } from './session-port';

/** One change of one member, in the kernel's own texts. `timeoutSeconds` undefined: it is to go; 0: for good. */
export interface Order {
  readonly set: string;
  readonly member: string;
  readonly timeoutSeconds: number | undefined;
}

/** `unanswered`: the session died or fell silent; whether the kernel has it, only a look can tell. */
export type Answer = { readonly kind: 'done' } | { readonly kind: 'refused' | 'unanswered'; readonly why: string };

export interface Session {
  /** Sends all at once and resolves to their answers in order. Never rejects. One call at a time. */
  send(orders: readonly Order[]): Promise<readonly Answer[]>;
  close(): void;
}

/** From the last answer to the next; the usual time is well under a millisecond. */
const ANSWER_WITHIN_MS = 1000;

/** The child is started at the first order, and again after it has ended. */
export function openSession(spawnSession: SpawnSession, clock: Clock): Session {
  let child: SessionChild | undefined;
  let round: Round | undefined;

  function start(): SessionChild {
    let rest = '';
    const started = spawnSession('ipset', ['-'], {
      stderr(text) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        if (child === started) for (const line of lines) round?.hear(line);
      },
      ended(reason) {
        if (child === started) drop(`ipset ${reason}`);
      },
    });
    return started;
  }

  function drop(why: string): void {
    child = undefined;
    round?.giveUp(why);
  }

  return {
    async send(orders) {
      const current = (round = newRound(orders));
      child ??= start();
      child.write(orders.map(orderLines).join(''));
      const watched = new AbortController();
      void watch(current, clock, watched.signal, {
        silent: () => child?.kill(), // its end is waited for, so that it changes nothing after we have looked
        dead: () => drop(`ipset gave no answer within ${ANSWER_WITHIN_MS} ms`),
      });
      const answers = await current.answers;
      watched.abort();
      round = undefined;
      return answers;
    },
    close() {
      const closed = child;
      drop('the session was closed');
      closed?.kill();
    },
  };
}

interface Silence {
  /** Nothing was heard for a while. */
  readonly silent: () => void;
  /** Nor was its end, after that. */
  readonly dead: () => void;
}

async function watch(round: Round, clock: Clock, signal: AbortSignal, { silent, dead }: Silence): Promise<void> {
  for (let heard = round.heard(), quiet = 0; ; heard = round.heard()) {
    await clock.sleep(ANSWER_WITHIN_MS, signal);
    if (signal.aborted) return;
    if (heard !== round.heard()) quiet = 0;
    else if (++quiet === 1) silent();
    else {
      dead();
      return;
    }
  }
}

/** `-exist` makes adding again a renewal and deleting the absent no error. It is sticky, so it is on every line. */
function orderLines({ set, member, timeoutSeconds }: Order): string {
  const verb = timeoutSeconds === undefined ? 'del' : 'add';
  const timeout = timeoutSeconds === undefined ? '' : ` timeout ${timeoutSeconds}`;
  return `${verb} ${set} ${member}${timeout} -exist\ntest ${set} ${member} -exist\n`;
}

interface Round {
  readonly answers: Promise<readonly Answer[]>;
  hear(line: string): void;
  giveUp(why: string): void;
  /** Lines heard so far. */
  heard(): number;
}

/** Matches what ipset says with what it was asked, in order: per order at most one complaint, then the test's line. */
function newRound(orders: readonly Order[]): Round {
  const answers: Answer[] = [];
  const { promise, resolve } = withResolvers<readonly Answer[]>();
  let complaint: string | undefined;
  let heard = 0;
  const settle = (answer: Answer) => {
    complaint = undefined;
    if (answers.push(answer) === orders.length) resolve(answers);
  };
  if (orders.length === 0) resolve(answers);
  return {
    answers: promise,
    heard: () => heard,
    hear(line) {
      heard++;
      const order = orders[answers.length];
      if (!order) return;
      // By the set alone: ipset says the member in its own form, `::1.2.3.4` for our `::102:304`.
      const [, not, set] = /^(?:Warning: )?\S+ is (NOT )?in set (\S+)\.$/.exec(line) ?? [];
      if (set === order.set) settle(judge(order, not === undefined, complaint));
      // The test complains as well when the set is lost; that second complaint is its marker.
      else if (complaint !== undefined) settle({ kind: 'refused', why: complaint });
      else complaint = line;
    },
    giveUp(why) {
      while (answers.length < orders.length) settle({ kind: 'unanswered', why });
    },
  };
}

/** After `del` an address may still be in the set, by a wider network; a network that is itself still there is not gone. */
function judge({ member, timeoutSeconds }: Order, isThere: boolean, complaint: string | undefined): Answer {
  if (complaint !== undefined) return { kind: 'refused', why: complaint };
  if (timeoutSeconds !== undefined && !isThere) return { kind: 'refused', why: `${member} was not kept` };
  if (timeoutSeconds === undefined && isThere && member.includes('/')) {
    return { kind: 'refused', why: `${member} is still there` };
  }
  return { kind: 'done' };
}

/** As Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
