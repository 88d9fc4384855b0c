/** One AGI connection over ding-dong's Context, with what the library lacks: whole lines, deadlines, one ending. */
import type { Socket } from 'node:net';
import type Context from 'ding-dong/lib/context';
import { AppError } from '../errors';
import { HungUp } from '../domain/call';
import type { Clock, Random } from '../ports';
import { Contexts, type Talker } from './agi-context';
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

/** One command, from being asked for to its reply. */
interface Turn {
  readonly line: string;
  /** What its reply must hold. */
  readonly mark: string;
  /** Nobody waits for its reply once the caller is gone. */
  readonly endsWithCaller: boolean;
  readonly resolve: (reply: AgiReply) => void;
  readonly reject: (reason: unknown) => void;
  /** Stops its time limit. */
  readonly cancel: () => void;
}

export class AgiSession {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #talker: Talker;
  /** The first has been sent. */
  #turns: Turn[] = [];
  /** Tells whoever waits for the description of the call that none will come. */
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

  constructor(
    socket: Socket,
    {
      clock,
      random,
      contexts = new Contexts(),
    }: { readonly clock: Clock; readonly random: Random; readonly contexts?: Contexts },
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#random = random;
    this.#talker = contexts.talkTo(socket);
  }

  /** Reads what Asterisk says about the call. Rejects with AGI_FAILED for anything else, or nothing `withinMs`. */
  async open(withinMs: number): Promise<AgiEnvironment> {
    this.#socket.setNoDelay(true);
    // Without a listener a reset connection would end the process; 'close' follows, and is what ends the call.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#end());
    const cancel = this.#limit(withinMs, 'said nothing about the call');
    try {
      return await new Promise((described, giveUp) => {
        this.#giveUp = giveUp;
        this.#readLines(described);
      });
    } finally {
      cancel();
      this.#giveUp = undefined;
    }
  }

  /**
   * Sends one command when those before it are answered. Rejects with HungUp when the caller is gone, and with
   * AGI_FAILED when Asterisk refuses it or has not answered it and those `withinMs`; the connection is closed then.
   */
  async command(name: string, args: readonly (string | number)[], withinMs: number): Promise<AgiReply> {
    if (!this.#inStep && !this.#hungUp) await (this.#step ??= this.#comeIntoStep());
    if (this.#hungUp) throw new HungUp();
    return this.#inTurn([name, ...args.map(quote)].join(' '), withinMs, { endsWithCaller: true });
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
    await this.#inTurn(`GET FULL VARIABLE ${quote(mark)}`, STEP_MS, { mark });
  }

  /**
   * What waits is held in one place and let go of at once: promises raced against the end of the call would keep each
   * reply until then.
   */
  #inTurn(line: string, withinMs: number, { mark = '', endsWithCaller = false } = {}): Promise<AgiReply> {
    if (Buffer.byteLength(line) > MOST_COMMAND_BYTES) throw new RangeError('an AGI command is longer than 8000 bytes');
    if (this.#over) return Promise.reject(new HungUp());
    return new Promise((resolve, reject) => {
      // What a hang-up interrupted may never be answered: the limit also ends what waits behind that.
      const cancel = this.#limit(withinMs, `did not answer "${line.replace(/ ".*$/, '')}"`);
      const turn = { line, mark, endsWithCaller, resolve, reject, cancel };
      this.#turns.push(turn);
      if (this.#turns.length === 1) this.#send(turn);
    });
  }

  #send(turn: Turn): void {
    this.#mark = turn.mark;
    this.#awaitingReply = true;
    this.#talker.send(turn.line, (reply) => this.#replied(turn, reply));
  }

  #replied(turn: Turn, { code, result, value }: Context.Reply): void {
    if (this.#turns[0] !== turn) return; // it was all over meanwhile
    this.#turns.shift();
    turn.cancel();
    try {
      turn.resolve(readReply(turn.line, code, result, value));
    } catch (error) {
      turn.reject(error);
    }
    const next = this.#turns.at(0);
    if (next) this.#send(next);
  }

  /** Ends the connection after so long, unless what is returned is called before. */
  #limit(ms: number, failure: string): () => void {
    return this.#clock.timer(ms, () =>
      this.#end(new AppError('AGI_FAILED', `Asterisk ${failure} within ${ms} ms`, 'is Asterisk overloaded?')),
    );
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
    this.#talker.hear(reply);
  }

  #callerLeft(): void {
    this.#hungUp = true;
    const [sent] = this.#turns;
    const gone = this.#turns.filter(({ endsWithCaller }) => endsWithCaller);
    // What has been sent keeps its turn until it is answered; what waits behind it is not sent any more.
    this.#turns = this.#turns.filter((turn) => turn === sent || !turn.endsWithCaller);
    for (const turn of gone) {
      if (turn !== sent) turn.cancel();
      turn.reject(new HungUp());
    }
  }

  #stray(): void {
    this.#strayLines++;
    if (this.#strayLines <= MOST_STRAY_LINES) return;
    throw new AppError('AGI_FAILED', 'lines came that answer nothing', 'is it Asterisk that connects here?');
  }

  /** Without a failure it was ours or Asterisk's wish. An error costs its stack: none where nobody waits. */
  #end(failure?: unknown): void {
    if (!this.#over && this.#turns.length === 0) this.#talker.giveBack();
    this.#over = this.#hungUp = true;
    if (failure !== undefined) this.#socket.destroy();
    this.#giveUp?.(failure ?? new HungUp());
    const turns = this.#turns;
    this.#turns = [];
    for (const { cancel, reject } of turns) {
      cancel();
      reject(failure ?? new HungUp());
    }
  }
}
