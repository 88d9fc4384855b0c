/** The durable outbox: takes queued letters from the store and sends each until it is taken or given up. */
import type { QueuedLetter } from '../domain/letter';
import type { Records } from '../domain/store';
import { AppError } from '../errors';
import type { Clock, Log } from '../ports';
import type { Transport } from './transport';

export type LetterStore = Pick<Records, 'dueLetters' | 'letterSent' | 'letterFailed' | 'letterCounts'>;

export interface OutboxPorts {
  readonly store: LetterStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
}

/** For `status`. */
export interface OutboxState {
  readonly waiting: number;
  /** Given up and kept. */
  readonly failed: number;
  readonly sent: number;
  readonly lastError: string | undefined;
  /** Of this process; undefined: none yet. */
  readonly lastSuccess: Date | undefined;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** After the first failure, the second, … The last one goes on. */
const DELAYS: readonly number[] = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR];
const GIVE_UP_AFTER = 72 * HOUR;
/** Between two looks at the store when nobody pokes. */
const LOOK = 15 * SECOND;
/** At once: kind to a small relay, and a slow letter does not hold up the rest. */
const AT_ONCE = 3;
/** How long `stop` lets letters in flight go on. */
const LAST_WORDS = 10 * SECOND;

/** When to try a letter again whose try number `tries + 1` has just failed; undefined: give it up. */
export function nextTry(letter: QueuedLetter, now: Date): Date | undefined {
  const delay = DELAYS[Math.min(letter.tries, DELAYS.length - 1)] ?? HOUR;
  const next = new Date(now.getTime() + delay);
  return next.getTime() - letter.queuedAt.getTime() <= GIVE_UP_AFTER ? next : undefined;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #inFlight = new Map<number, Promise<void>>();
  readonly #cut = new AbortController();
  #wake = new AbortController();
  #stopping = false;
  #running: Promise<void> | undefined;
  #lastSuccess: Date | undefined;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Sends what is due now. Returns at once and never throws: it is called in the middle of a telephone call. */
  poke(): void {
    this.#wake.abort();
  }

  /** Begins no letter more, waits for those in flight, and after ten seconds cuts them: they stay in the store. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.poke();
    const done = new AbortController();
    const patience = this.#ports.clock.sleep(LAST_WORDS, done.signal).then(() => this.#cut.abort());
    await this.#running;
    await Promise.all(this.#inFlight.values());
    done.abort();
    await patience;
  }

  async state(): Promise<OutboxState> {
    return { ...(await this.#ports.store.letterCounts()), lastSuccess: this.#lastSuccess };
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const wake = (this.#wake = new AbortController()); // before looking, so that a poke meanwhile is not lost
      await this.#fill();
      if (!this.#isStopping()) await this.#ports.clock.sleep(LOOK, wake.signal);
    }
  }

  /** Fills the free places with letters that are due. */
  async #fill(): Promise<void> {
    // As they were before the question: one that ends while the store answers may still be in the answer.
    const before = new Set(this.#inFlight.keys());
    if (before.size >= AT_ONCE) return;
    const due = await this.#due(AT_ONCE); // those in flight, and at least as many others as there are free places
    if (this.#stopping) return;
    for (const letter of due.filter(({ id }) => !before.has(id)).slice(0, AT_ONCE - before.size)) {
      const ended = this.#deliver(letter).then((lookAgain) => {
        this.#inFlight.delete(letter.id); // before the poke, which looks for free places
        if (lookAgain) this.poke();
      });
      this.#inFlight.set(letter.id, ended);
    }
  }

  async #due(limit: number): Promise<QueuedLetter[]> {
    try {
      return await this.#ports.store.dueLetters(this.#ports.clock.now(), limit);
    } catch (error) {
      this.#worldsFault('mail: the store does not answer', error);
      return [];
    }
  }

  /**
   * Resolves to whether it is worth looking for the next letter at once. While the server is down it is not, so that not
   * every letter uses up its tries.
   */
  async #deliver(letter: QueuedLetter): Promise<boolean> {
    const { store, transport, clock, log } = this.#ports;
    const delivery = await transport.send(letter, this.#cut.signal);
    const now = clock.now();
    if (delivery.kind === 'sent') {
      this.#lastSuccess = now;
      log('mail sent', { letter: letter.id, answer: delivery.answer });
      await this.#record(() => store.letterSent(letter.id, now));
      return true;
    }
    if (this.#cut.signal.aborted) return false; // our own doing: not counted as a try
    const next = delivery.kind === 'later' ? nextTry(letter, now) : undefined;
    log(next ? 'mail delayed' : 'mail given up', { letter: letter.id, why: delivery.why, next });
    await this.#record(() => store.letterFailed(letter.id, delivery.why, next));
    return delivery.kind === 'refused' || !delivery.down;
  }

  /** Goes on until the store has it: the letter stays in flight, so that one which was taken is never sent again. */
  async #record(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        this.#worldsFault('mail: the store does not keep what became of a letter', error);
        if (this.#isStopping()) return;
        await this.#ports.clock.sleep(LOOK, this.#cut.signal);
      }
    }
  }

  /** Logs a fault of the world; a bug goes on up. */
  #worldsFault(event: string, error: unknown): void {
    if (!(error instanceof AppError)) throw error;
    this.#ports.log(event, { why: error.what });
  }

  /** A function, because the compiler takes a field for unchanged over an await. */
  #isStopping(): boolean {
    return this.#stopping;
  }
}
