/** One AGI connection over ding-dong's Context, with what the library lacks: whole lines, deadlines, one ending. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import Context from 'ding-dong/lib/context';
import { AppError } from '../errors';
import { HungUp } from '../domain/call';
import type { Clock, Random } from '../ports';
import { environmentReader, type AgiEnvironment } from './agi-environment';
import { lineReader } from './agi-lines';
import { quote } from './agi-quote';
import { readReply, replyLines, type AgiReply } from './agi-reply';

const MOST_LINE_BYTES = 64 * 1024;
/** Asterisk reads a command into 8192 bytes. */
const MOST_COMMAND_BYTES = 8000;
/** Lines that answer nothing: more than a caller's names can hold, and a peer that sends more is no Asterisk. */
const MOST_STRAY_LINES = 3000;
const STEP_MS = 5000;
const PARTING_MS = 1000;

export class AgiSession {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #toContext: Duplex;
  readonly #context: Context;
  readonly #environment = deferred<AgiEnvironment>();
  /** Rejects when the caller is gone, and when the connection is. */
  readonly #gone = deferred<never>();
  readonly #closed = deferred<never>();
  #last: Promise<unknown> = Promise.resolve();
  #awaitingReply = false;
  /** What the reply that is awaited must hold. */
  #mark = '';
  /** From now on all that comes is Asterisk's own. */
  #inStep = false;
  #step: Promise<void> | undefined;
  #hungUp = false;
  #over = false;
  #strayLines = 0;

  constructor(socket: Socket, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#socket = socket;
    this.#clock = clock;
    this.#random = random;
    this.#toContext = commandsTo(socket);
    this.#context = new Context(this.#toContext);
    // Never before ours: its own reading of the environment is wrong (IPv6, colons), so it gets an empty one.
    this.#toContext.push('\n\n');
  }

  /** Reads what Asterisk says about the call. Rejects with AGI_FAILED for anything else, or nothing `withinMs`. */
  async open(withinMs: number): Promise<AgiEnvironment> {
    const readLines = lineReader(MOST_LINE_BYTES);
    const readLine = this.#lineByLine();
    this.#socket.setNoDelay(true);
    // Without a listener a reset connection would end the process; 'close' follows, and is what ends the call.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#leave());
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of readLines(chunk)) readLine(line);
      } catch (error) {
        this.#end(error);
      }
    });
    return this.#within(withinMs, 'said nothing about the call', this.#environment.promise);
  }

  /**
   * Sends one command when those before it are answered. Rejects with HungUp when the caller is gone, and with
   * AGI_FAILED when Asterisk refuses it or does not answer `withinMs`; the connection is closed then.
   */
  async command(name: string, args: readonly (string | number)[], withinMs: number): Promise<AgiReply> {
    if (this.#hungUp) throw new HungUp();
    await (this.#inStep ? undefined : (this.#step ??= this.#comeIntoStep()));
    return Promise.race([this.#inTurn([name, ...args.map(quote)].join(' '), withinMs), this.#gone.promise]);
  }

  /**
   * Sets a channel variable: also when the caller has hung up, as long as Asterisk listens. False: it does not. Nothing
   * is read here, so that whatever a caller may have smuggled in changes nothing.
   */
  async leave(name: string, value: string): Promise<boolean> {
    const line = `SET VARIABLE ${quote(name)} ${quote(value)}`;
    // The command that the hang-up interrupted may never be answered, and this one waits behind it.
    const set = this.#within(PARTING_MS, 'did not take the result', this.#inTurn(line, PARTING_MS));
    return set.then(
      () => true,
      () => false, // there is nobody left to tell
    );
  }

  close(): void {
    this.#socket.destroySoon();
    this.#leave();
  }

  /**
   * Asterisk describes a call without escaping anything, so a caller's name can end the description early and go on with
   * lines that look like replies, or like a hang-up. All of them were sent before the first command was read: so the
   * first one has Asterisk repeat what no caller can know, and until it does, nothing counts.
   */
  async #comeIntoStep(): Promise<void> {
    const mark = this.#random(12).toString('hex');
    await this.#inTurn(`GET FULL VARIABLE ${quote(mark)}`, STEP_MS, mark);
  }

  /** An error costs its stack: only one a call. */
  #leave(): void {
    if (!this.#over) this.#end(new HungUp());
  }

  #inTurn(line: string, withinMs: number, mark = ''): Promise<AgiReply> {
    if (Buffer.byteLength(line) > MOST_COMMAND_BYTES) throw new RangeError('an AGI command is longer than 8000 bytes');
    const turn = this.#last.then(() => this.#send(line, withinMs, mark));
    this.#last = turn.catch(() => undefined); // whoever waits for `turn` is told
    return turn;
  }

  async #send(line: string, withinMs: number, mark: string): Promise<AgiReply> {
    if (this.#over) throw new HungUp();
    this.#mark = mark;
    this.#awaitingReply = true;
    const { code, result, value } = await this.#within(
      withinMs,
      `did not answer "${line.replace(/ ".*$/, '')}"`,
      this.#context.sendCommand(line),
    );
    return readReply(line, code, result, value);
  }

  async #within<T>(ms: number, failure: string, work: Promise<T>): Promise<T> {
    const cancel = this.#clock.timer(ms, () =>
      this.#end(new AppError('AGI_FAILED', `Asterisk ${failure} within ${ms} ms`, 'is Asterisk overloaded?')),
    );
    try {
      return await Promise.race([work, this.#closed.promise]);
    } finally {
      cancel();
    }
  }

  #lineByLine(): (line: string) => void {
    const environment = environmentReader();
    const reply = replyLines();
    let opened = false;
    return (line) => {
      if (!opened) {
        const read = environment(line);
        opened = read !== undefined;
        if (read) this.#environment.resolve(read);
        return;
      }
      const whole = this.#awaitingReply && line.includes(this.#mark) ? reply(line) : undefined;
      if (line === 'HANGUP' && this.#inStep) this.#callerLeft();
      else if (whole === undefined) this.#stray();
      else this.#answered(whole);
    };
  }

  #answered(reply: string): void {
    this.#awaitingReply = false;
    this.#inStep ||= this.#mark !== '';
    this.#strayLines = 0;
    this.#toContext.push(`${reply}\n`);
  }

  #callerLeft(): void {
    this.#hungUp = true;
    this.#gone.reject(new HungUp());
  }

  #stray(): void {
    this.#strayLines++;
    if (this.#strayLines <= MOST_STRAY_LINES) return;
    throw new AppError('AGI_FAILED', 'lines came that answer nothing', 'is it Asterisk that connects here?');
  }

  #end(reason: unknown): void {
    this.#over = this.#hungUp = true;
    this.#environment.reject(reason);
    this.#closed.reject(reason);
    this.#gone.reject(reason);
    if (!(reason instanceof HungUp)) this.#socket.destroy();
    this.#toContext.destroy();
  }
}

/** What ding-dong takes for its connection: it writes commands, and is given whole, checked reply lines. */
function commandsTo(socket: Socket): Duplex {
  return new Duplex({
    decodeStrings: false,
    read: () => undefined,
    write: (text: string, _encoding, done) => socket.write(text, () => done()), // a failed write closes the socket
  });
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A promise that is settled from outside. Nobody need wait for it: a rejection is never "unhandled". */
function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return { promise, resolve: (value) => settle?.resolve(value), reject: (reason) => settle?.reject(reason) };
}
