/** A telephone call over AGI. No key is lost: what no question has taken yet waits for the next one. */
import { setImmediate } from 'node:timers/promises';
import { CallTooLong, type Call, type Keying } from '../domain/call';
import type { Clock, Log } from '../ports';
import { takeAnswer } from './call-keys';
import type { CallLine, Played, Pressed } from './call-line';
import type { CallSettings } from './call-settings';
import { TimeLimit } from './time-limit';

/** For a transcript. `keys` only where the question said that they may be shown. */
export type CallEvent =
  | { readonly kind: 'played'; readonly prompt: string }
  | { readonly kind: 'keyed'; readonly length: number; readonly keys: string | undefined };

export interface AgiCallOptions {
  readonly callerNumber: string | undefined;
  readonly channel: string;
  readonly line: CallLine;
  readonly clock: Clock;
  readonly settings: CallSettings;
  /** Absolute path, or the name of a stock prompt, without an ending. */
  readonly soundFile: (prompt: string) => string;
  readonly observe: (event: CallEvent) => void;
  readonly log: Log;
}

/** So long Asterisk collects keys by itself before we look again whether the work is done: longer the longer it takes. */
const LISTEN_MS = { first: 200, share: 0.2, most: 1000 };
const MOST_AHEAD = 64;
/** After a hang-up, work that was begun is waited for; its own limits are shorter. */
const WORK_MS = 30_000;
/** Asterisk's own limit comes this much later than ours. */
const GRACE_SECONDS = 30;

export class AgiCall implements Call {
  readonly callerNumber: string | undefined;
  readonly channel: string;
  readonly #options: AgiCallOptions;
  readonly #limit: TimeLimit;
  readonly #secrets = new Set<string>();
  #opened = false;
  #said: readonly string[] = [];
  /** Keys that no question has taken yet. */
  #keys = '';
  /** A hash key until then belongs to the answer before, which was full without it. */
  #hashIsLateUntil = 0;

  constructor(options: AgiCallOptions) {
    this.#options = options;
    this.callerNumber = options.callerNumber;
    this.channel = options.channel;
    this.#limit = new TimeLimit(options.clock, options.settings);
  }

  say(...prompts: readonly string[]): void {
    this.#said = [...this.#said, ...prompts];
  }

  async ask(prompts: readonly string[], keying: Keying): Promise<string | undefined> {
    await this.#open();
    await this.#heedTheTime();
    const { firstKeySeconds, betweenSeconds } = { ...this.#options.settings, ...keying };
    const aloud = [...this.#said, ...prompts];
    this.#said = [];
    for (const prompt of aloud) {
      if (this.#keys !== '') break;
      await this.#playUntilKey(prompt);
      await this.#heedTheTime();
    }
    if (this.#keys === '') await this.#collect(firstKeySeconds, 1);
    if (this.#keys === '') return undefined;
    while (!takeAnswer(this.#keys, keying.most).complete) {
      const silence = await this.#collect(betweenSeconds, keying.most - this.#keys.length);
      if (silence) break;
    }
    return this.#take(keying, betweenSeconds);
  }

  async meanwhile<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const done = work.then(
      () => over.abort(),
      () => over.abort(), // told by `work` itself below
    );
    try {
      await this.#open();
      await Promise.race([done, setImmediate()]); // what is ready at once need not wait for keys
      const began = this.#options.clock.now().getTime();
      while (!over.signal.aborted) {
        const waited = this.#options.clock.now().getTime() - began;
        const ms = Math.min(LISTEN_MS.most, Math.max(LISTEN_MS.first, Math.round(waited * LISTEN_MS.share)));
        this.#press(await this.#options.line.collect(ms, MOST_AHEAD));
      }
    } catch (gone) {
      // What was begun is ended before the call is: a door that opens now is told of by journal and mail.
      await Promise.race([done, this.#options.clock.sleep(WORK_MS, over.signal)]);
      if (over.signal.aborted) await work;
      throw gone;
    }
    return work;
  }

  async finish(): Promise<void> {
    await this.#open();
    const aloud = this.#said;
    this.#said = [];
    for (const prompt of aloud) {
      const file = this.#announce(prompt);
      this.#complain(prompt, await this.#options.line.play(file));
    }
  }

  /** Foreign text, an error's for example, without the secret answers of this call. */
  withoutSecrets(text: string): string {
    return [...this.#secrets].reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  }

  async #open(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    await this.#options.line.open(this.#options.settings.callSeconds + GRACE_SECONDS);
  }

  async #playUntilKey(prompt: string): Promise<void> {
    const file = this.#announce(prompt);
    let from = 0;
    for (;;) {
      const played = await this.#options.line.playUntilKey(file, from);
      this.#complain(prompt, played);
      this.#press({ keys: played.key });
      // Stopped by a late hash key that no question is to see: on from there.
      if (played.key === '' || this.#keys !== '') return;
      from = played.endpos;
    }
  }

  #announce(prompt: string): string {
    this.#options.observe({ kind: 'played', prompt });
    return this.#options.soundFile(prompt);
  }

  #complain(prompt: string, { missing }: Played): void {
    if (missing) this.#options.log('recording missing', { prompt, file: this.#options.soundFile(prompt) });
  }

  /** Waits until `most` keys, the hash key, or silence, which it tells; says in between when the time is nearly up. */
  async #collect(seconds: number, most: number): Promise<boolean> {
    const { line, clock } = this.#options;
    let left = seconds * 1000;
    for (;;) {
      const toMark = this.#limit.msToNextMark();
      if (left * most <= toMark) {
        const pressed = await line.collect(left, most);
        if (this.#press(pressed) || pressed.silence) return pressed.silence;
        continue;
      }
      // Slow keys could outlast the mark in there: key by key, then.
      const since = clock.now().getTime();
      const before = this.#keys.length;
      if (this.#press(await line.waitForKey(Math.min(left, toMark)))) return false;
      left -= clock.now().getTime() - since;
      if (left <= 0) return true;
      await this.#heedTheTime();
      if (this.#keys.length > before) return false;
    }
  }

  /** Puts keys behind those that wait. False: there were none for any question. */
  #press({ keys }: Pick<Pressed, 'keys'>): boolean {
    if (keys === '') return false;
    const late = this.#keys === '' && this.#options.clock.now().getTime() < this.#hashIsLateUntil;
    this.#hashIsLateUntil = 0;
    const ours = late ? keys.replace(/^#/, '') : keys;
    this.#keys += ours;
    return ours !== '';
  }

  #take({ most, shown = false }: Keying, betweenSeconds: number): string {
    const { answer, full, rest } = takeAnswer(this.#keys, most);
    this.#keys = rest;
    this.#hashIsLateUntil = full ? this.#options.clock.now().getTime() + betweenSeconds * 1000 : 0;
    if (!shown && answer.length > 2) this.#secrets.add(answer);
    // A PIN keyed once more at an open question is still a PIN.
    const keys = shown ? this.withoutSecrets(answer) : undefined;
    this.#options.observe({ kind: 'keyed', length: answer.length, keys });
    return answer;
  }

  /** Says once that the time is nearly up; throws CallTooLong when it is. */
  async #heedTheTime(): Promise<void> {
    const due = this.#limit.due();
    if (due === 'end') throw new CallTooLong();
    if (due === 'warning') await this.#playUntilKey(this.#options.settings.limitPrompt);
  }
}
