/** A channel's loudspeaker and keypad: the few AGI commands that a call needs. */
import type { AgiSession } from './agi-session';

const KEYS = '0123456789*#';
/** What Asterisk may take beyond what was asked of it. */
const SLACK_MS = 5000;
/** A recording is no longer than this. */
const PLAY_MS = 120_000;

export interface Pressed {
  /** In the order pressed; a hash key, if any, is the last one. */
  readonly keys: string;
  /** The time ran out after the last of them. */
  readonly silence: boolean;
}

export interface Played {
  /** The key that stopped it, or ''. */
  readonly key: string;
  /** Where it stopped, in samples. */
  readonly endpos: number;
  /** There is no such recording, in no format that this Asterisk reads. */
  readonly missing: boolean;
}

/**
 * `EXEC Read` would do it all in one command, but it writes every PIN into Asterisk's log at verbosity 3 ("User entered
 * '123456'"), and plays a list without telling when which prompt was heard. Between two commands Asterisk reads keys and
 * throws them away: so nothing slow may be awaited between them.
 */
export class CallLine {
  readonly #session: AgiSession;

  constructor(session: AgiSession) {
    this.#session = session;
  }

  /** Takes the call, and has Asterisk end it after so many seconds whatever we do. */
  async open(mostSeconds: number): Promise<void> {
    await this.#session.command('ANSWER', [], SLACK_MS);
    await this.#session.command('SET VARIABLE', ['TIMEOUT(absolute)', mostSeconds], SLACK_MS);
  }

  /** Plays until its end or a key. */
  async playUntilKey(file: string, fromSample = 0): Promise<Played> {
    return this.#play(file, KEYS, fromSample);
  }

  /** Plays to its end; keys pressed over it are lost. */
  async play(file: string): Promise<Played> {
    return this.#play(file, '', 0);
  }

  async #play(file: string, keys: string, fromSample: number): Promise<Played> {
    const { result, endpos } = await this.#session.command('STREAM FILE', [file, keys, fromSample], PLAY_MS);
    if (result !== '-1') return { key: keyOf(result), endpos, missing: false };
    // No such recording, or nobody there any more: then this is refused, or HANGUP has come by now.
    await this.#session.command('CHANNEL STATUS', [], SLACK_MS);
    return { key: '', endpos, missing: true };
  }

  /** Waits for one key. */
  async waitForKey(ms: number): Promise<Pressed> {
    const { result } = await this.#session.command('WAIT FOR DIGIT', [Math.ceil(ms)], ms + SLACK_MS);
    return { keys: keyOf(result), silence: result === '0' };
  }

  /** Collects keys in Asterisk itself until the hash key, `most` keys, or `ms` without one. */
  async collect(ms: number, most: number): Promise<Pressed> {
    const { result, note } = await this.#session.command(
      'GET DATA',
      ['', Math.ceil(ms), most],
      ms * (most + 1) + SLACK_MS,
    );
    const silence = note === 'timeout';
    return { keys: silence || result.length >= most ? result : `${result}#`, silence };
  }
}

/** AGI tells a key by its ASCII code, and 0 for none. */
function keyOf(result: string): string {
  const key = String.fromCharCode(Number(result));
  return KEYS.includes(key) ? key : '';
}
