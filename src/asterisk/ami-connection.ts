/** One connection to Asterisk's manager interface, from its login to its end. It is never opened a second time. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import Manager from 'asterisk-manager';
import { printable } from '../domain/printable';
import { AppError } from '../errors';
import { field, readFrame, type Frame } from './ami-frame';
import { checkHeaders, type Headers } from './ami-headers';
import { messageReader } from './ami-messages';
import { replyKind, type ReplyKind } from './ami-reply';
import { PATIENCE, type AmiPorts, type AmiSettings, type Patience } from './ami-settings';
import { openTlsBridge } from './ami-tls';
import { checkPeerUser } from './peer-user';

export type Listed =
  | { readonly kind: 'items'; readonly items: readonly Frame[] }
  | { readonly kind: Exclude<ReplyKind, 'done' | 'empty' | 'failed'> };

/** Gets every frame that belongs to one action; calls `done` once. */
type Take<T> = (frame: Frame, done: (value: T) => void, fail: (error: AppError) => void) => void;
interface Waiting {
  readonly take: (frame: Frame) => void;
  readonly fail: (error: AppError) => void;
}

const MOST_ITEMS = 20_000;
/** Headers of the event that ends a list. */
const MOST_AT_END = 8;
const LOGIN = 'login';
const NO_FRAME: Frame = readFrame({});
const HINT = 'is Asterisk running? See "asterisk -rx \'manager show settings\'", and [ami] in tollgate.toml';

export class AmiConnection {
  readonly #settings: AmiSettings;
  readonly #ports: AmiPorts;
  readonly #hear: (event: Frame) => void;
  readonly #patience: Patience;
  readonly #manager: Manager;
  /** Guessed by nobody, so that no other AMI user's event can pass for an item of our lists. */
  readonly #prefix: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ending = new AbortController();
  #sent = 0;
  /** Takes what comes while Asterisk writes a list of ours. */
  #listing: ((piece: Frame) => void) | undefined;

  /** `hear` gets every event that is no part of an answer. */
  constructor(settings: AmiSettings, ports: AmiPorts, hear: (event: Frame) => void) {
    this.#settings = settings;
    this.#ports = ports;
    this.#hear = hear;
    this.#patience = { ...PATIENCE, ...settings.patience };
    this.#prefix = `${ports.random(8).toString('hex')}-`;
    this.#manager = new Manager(null, settings.host, settings.user, settings.secret, 'on');
  }

  /** Aborts when the connection ends; its reason is an AppError. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Connects and logs in. Rejects with AMI_DOWN or AMI_REFUSED, and the connection has ended then. */
  async open(): Promise<void> {
    // The library's own listener gives every event to whoever listens to its name: `Event: RawEvent` never ends then.
    this.#manager.removeAllListeners('rawevent');
    this.#manager.on('rawevent', (raw) => this.#receive(raw));
    await this.#wait<undefined>(
      LOGIN,
      this.#patience.loginMs,
      'the login',
      (_, done) => done(undefined),
      () => void this.#orDrop(() => this.#begin()),
    ).catch((error: unknown) => {
      this.#ending.abort(error);
      throw error;
    });
  }

  async #begin(): Promise<void> {
    const { host, port, tls, runBy = [] } = this.#settings;
    const check = (socket: Socket) => checkPeerUser(socket, runBy);
    if (tls && typeof port === 'number') {
      const path = await openTlsBridge({ host, port, check, signal: this.ended, ...tls });
      this.#connect(path, () => Promise.resolve());
    } else this.#connect(port, check);
  }

  /** The world's faults end the connection; a bug goes on up. */
  async #orDrop(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#drop(error);
    }
  }

  /** Asterisk speaks first: whoever said that is who will be sent the secret. */
  async #logIn(socket: Socket, check: (socket: Socket) => Promise<void>): Promise<void> {
    await check(socket);
    if (!this.ended.aborted) this.#manager.login((refusal) => this.#loggedIn(refusal));
  }

  #loggedIn(refusal: unknown): void {
    if (refusal === undefined) this.#waiting.get(LOGIN)?.take(NO_FRAME);
    else this.#drop(refused(this.#settings.user, readFrame(refusal)));
  }

  /** Sends now or fails now. Resolves to the answer, be it good or bad; rejects with AMI_DOWN, or AMI_FAILED unsent. */
  action(headers: Headers): Promise<Frame> {
    return this.#exchange<Frame>(headers, this.#patience.actionMs, (frame, done) => {
      if (!frame.fields.has('event')) done(frame);
    });
  }

  /**
   * Gathers the events that answer an action until `complete`. Rejects with AMI_DOWN or AMI_FAILED.
   *
   * Asterisk writes a list in one go, with no other event inside, and escapes nothing: a caller's name with an empty line
   * in it cuts an item in pieces, and the pieces between may say anything. All of them are items here, in order, so that
   * none passes for an event. The last piece of an item ends as Asterisk ends it; it cannot pass for the end of the list,
   * which has few headers and our ActionID, because all that Asterisk says of a channel behind its caller's names is in it.
   */
  list(headers: Headers, complete: string): Promise<Listed> {
    const items: Frame[] = [];
    const keep = (piece: Frame) => {
      if (items.length <= MOST_ITEMS) items.push(piece);
    };
    const over = () => {
      if (this.#listing === keep) this.#listing = undefined;
    };
    return this.#exchange<Listed>(headers, this.#patience.listMs, (frame, done, fail) => {
      const kind = replyKind(frame);
      if (this.#listing === keep) {
        if (field(frame, 'event') !== complete || frame.headers > MOST_AT_END) keep(frame);
        else {
          over();
          done({ kind: 'items', items });
        }
      } else if (kind === 'failed') fail(failed(headers.Action, frame));
      else if (kind === 'done') this.#listing = keep;
      else done(kind === 'empty' ? { kind: 'items', items } : { kind });
      if (items.length > MOST_ITEMS) fail(tooMany(headers.Action));
    }).finally(over);
  }

  close(reason: string): void {
    this.#drop(down(reason));
  }

  #exchange<T>(headers: Headers, ms: number, take: Take<T>): Promise<T> {
    const id = `${this.#prefix}${++this.#sent}`;
    // A fresh object: the library deletes `actionid` from the one it is given.
    return this.#wait(id, ms, headers.Action, take, () => {
      checkHeaders(headers);
      this.#manager.action({ ...headers, actionid: id });
    });
  }

  #wait<T>(id: string, ms: number, what: string, take: Take<T>, start: () => void): Promise<T> {
    const settled = new AbortController();
    return new Promise<T>((resolve, reject) => {
      this.#ending.signal.throwIfAborted();
      this.#waiting.set(id, { take: (frame) => take(frame, resolve, reject), fail: reject });
      void this.#ports.clock.sleep(ms, settled.signal).then(() => {
        if (!settled.signal.aborted) reject(down(`Asterisk did not answer to ${what} within ${ms} ms`));
      });
      start();
    }).finally(() => {
      this.#waiting.delete(id);
      this.#manager.removeAllListeners(id);
      settled.abort();
    });
  }

  /** The library keeps its socket to itself; Node tells of every client socket at the moment it is made. */
  #connect(port: number | string, check: (socket: Socket) => Promise<void>): void {
    let made: Socket | undefined;
    const watch = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket };
      made = socket;
      this.#guard(socket);
      socket.once('data', () => void this.#orDrop(() => this.#logIn(socket, check)));
    };
    subscribe('net.client.socket', watch);
    try {
      this.#manager.connect(port, this.#settings.host, () => undefined);
      if (made) this.#readWhole(made);
    } finally {
      unsubscribe('net.client.socket', watch);
    }
  }

  get #where(): string {
    return `${this.#settings.host}:${this.#settings.port}`;
  }

  /** In front of the library's own listeners. */
  #guard(socket: Socket): void {
    this.#ending.signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.on('error', (error) => this.#drop(down(`Asterisk at ${this.#where}: ${error.message}`)));
    socket.on('close', () => this.#drop(down(`Asterisk at ${this.#where} closed the connection`)));
  }

  /** Gives the library's own reader, which is the last that was told to listen, whole messages and none that is too long. */
  #readWhole(socket: Socket): void {
    const read = socket.listeners('data').at(-1) as (text: string) => void;
    const reader = messageReader();
    socket.off('data', read).on('data', (piece: string) => {
      const messages = reader(piece);
      if (messages === undefined)
        this.#drop(down(`what answers at ${this.#where} is not Asterisk: a message without end`));
      else if (messages !== '') read(messages);
    });
  }

  #receive(raw: unknown): void {
    const frame = readFrame(raw);
    if (this.#ending.signal.aborted) return;
    const id = field(frame, 'actionid') ?? '';
    if (id.startsWith(this.#prefix)) this.#waiting.get(id)?.take(frame);
    else if (this.#listing) this.#listing(frame);
    else if (this.#waiting.has(LOGIN) && isLoginReply(frame))
      this.#manager.emit(id, replyKind(frame) === 'done' ? undefined : raw);
    else if (frame.fields.has('event')) this.#hear(frame);
  }

  #drop(reason: AppError): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(reason);
    for (const { fail } of this.#waiting.values()) fail(reason);
  }
}

/** The library numbers its login by the clock. */
function isLoginReply(frame: Frame): boolean {
  return frame.fields.has('response') && !frame.fields.has('event') && /^\d+$/.test(field(frame, 'actionid') ?? '');
}

function down(what: string): AppError {
  return new AppError('AMI_DOWN', what, HINT);
}

function refused(user: string, reply: Frame): AppError {
  const what = `Asterisk refused the AMI login of "${user}": ${printable(field(reply, 'message') ?? 'no reason given')}`;
  const hint = 'compare user, secret and permit in manager.conf with [ami] in tollgate.toml, then "manager reload"';
  return new AppError('AMI_REFUSED', what, hint);
}

function tooMany(action: string): AppError {
  return new AppError('AMI_FAILED', `${action} lists more than ${MOST_ITEMS} items`, 'see Asterisk itself');
}

/** An action that Asterisk answered with an error of no special meaning. */
export function failed(action: string, reply: Frame): AppError {
  const what = `Asterisk refused ${action}: ${printable(field(reply, 'message') ?? 'no reason given')}`;
  return new AppError('AMI_FAILED', what, 'see "tollgate status" and the log of Asterisk');
}
