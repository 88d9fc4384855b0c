/** One AGI connection over ding-dong's Context, with what the library lacks: whole lines, deadlines, one ending. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import Context from 'ding-dong/lib/context';
import contextState from 'ding-dong/lib/state';
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
  readonly #toContext: Context.Stream;
  readonly #context: Context;
  /** Rejects when the caller is gone. */
  readonly #gone = deferred();
  /** Settles with the command sent last. */
  #last: Promise<unknown> = Promise.resolve();
  /** Tells whoever waits for Asterisk's next words that none will come. */
  #giveUp: ((reason: unknown) => void) | undefined;
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
    this.#toContext = streamForContext(socket);
    this.#context = new Context(this.#toContext);
    // It waits for replies at once: its own reading of the environment is wrong (IPv6, colons).
    this.#context.setState(contextState.waiting);
  }

  /** Reads what Asterisk says about the call. Rejects with AGI_FAILED for anything else, or nothing `withinMs`. */
  async open(withinMs: number): Promise<AgiEnvironment> {
    this.#socket.setNoDelay(true);
    // Without a listener a reset connection would end the process; 'close' follows, and is what ends the call.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#end());
    const cancel = this.#limit(withinMs, 'said nothing about the call');
    try {
      return await this.#hear((described) => this.#readLines(described));
    } finally {
      cancel();
    }
  }

  /**
   * Sends one command when those before it are answered. Rejects with HungUp when the caller is gone, and with
   * AGI_FAILED when Asterisk refuses it or has not answered it and those `withinMs`; the connection is closed then.
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
    return this.#inTurn(`SET VARIABLE ${quote(name)} ${quote(value)}`, PARTING_MS).then(
      () => true,
      () => false, // there is nobody left to tell
    );
  }

  close(): void {
    this.#socket.destroySoon();
    this.#end();
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

  #inTurn(line: string, withinMs: number, mark = ''): Promise<AgiReply> {
    if (Buffer.byteLength(line) > MOST_COMMAND_BYTES) throw new RangeError('an AGI command is longer than 8000 bytes');
    const turn = this.#send(line, withinMs, mark, this.#last);
    this.#last = turn.catch(() => undefined); // whoever waits for `turn` is told
    return turn;
  }

  async #send(line: string, withinMs: number, mark: string, before: Promise<unknown>): Promise<AgiReply> {
    // What a hang-up interrupted may never be answered: the limit also ends what waits behind that.
    const cancel = this.#limit(withinMs, `did not answer "${line.replace(/ ".*$/, '')}"`);
    try {
      await before;
      if (this.#over) throw new HungUp();
      this.#mark = mark;
      this.#awaitingReply = true;
      const { code, result, value } = await this.#hear<Context.Reply>(
        (answered) => void this.#context.sendCommand(line).then(answered),
      );
      return readReply(line, code, result, value);
    } finally {
      cancel();
    }
  }

  /** Ends the connection after so long, unless what is returned is called before. */
  #limit(ms: number, failure: string): () => void {
    return this.#clock.timer(ms, () =>
      this.#end(new AppError('AGI_FAILED', `Asterisk ${failure} within ${ms} ms`, 'is Asterisk overloaded?')),
    );
  }

  /** What `begin` waits for, or why it will never come. */
  #hear<T>(begin: (heard: (what: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      begin((what) => {
        this.#giveUp = undefined;
        resolve(what);
      });
    });
  }

  #readLines(described: (environment: AgiEnvironment) => void): void {
    const readLines = lineReader(MOST_LINE_BYTES);
    const environment = environmentReader();
    const reply = replyLines();
    let opened = false;
    const readLine = (line: string) => {
      if (!opened) {
        const read = environment(line);
        opened = read !== undefined;
        if (read) described(read);
        return;
      }
      const whole = this.#awaitingReply && line.includes(this.#mark) ? reply(line) : undefined;
      if (line === 'HANGUP' && this.#inStep) this.#callerLeft();
      else if (whole === undefined) this.#stray();
      else this.#answered(whole);
    };
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of readLines(chunk)) readLine(line);
      } catch (error) {
        this.#end(error);
      }
    });
  }

  #answered(reply: string): void {
    this.#awaitingReply = false;
    this.#inStep ||= this.#mark !== '';
    this.#strayLines = 0;
    this.#toContext.emit('data', Buffer.from(`${reply}\n`));
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

  /** Without a failure it was ours or Asterisk's wish. An error costs its stack: none where nobody waits. */
  #end(failure?: unknown): void {
    this.#over = this.#hungUp = true;
    if (failure !== undefined) this.#socket.destroy();
    const giveUp = this.#giveUp;
    this.#giveUp = undefined;
    giveUp?.(failure ?? new HungUp());
  }
}

/** What ding-dong takes for its connection: it writes commands, and is given whole, checked reply lines. */
function streamForContext(socket: Socket): Context.Stream {
  // A few functions, because its Context copies each that it finds; a real stream has a hundred.
  return Object.assign(new EventEmitter(), {
    write: (text: string) => socket.write(text), // a failed write closes the socket
    pause: () => undefined, // a reply line is no flood
    resume: () => undefined,
  });
}

interface Deferred {
  readonly promise: Promise<never>;
  reject(reason: unknown): void;
}

/** A promise that is rejected from outside. Nobody need wait for it: its rejection is never "unhandled". */
function deferred(): Deferred {
  let settle: ((reason: unknown) => void) | undefined;
  const promise = new Promise<never>((_, reject) => {
    settle = reject;
  });
  promise.catch(() => undefined);
  return { promise, reject: (reason) => settle?.(reason) };
}
