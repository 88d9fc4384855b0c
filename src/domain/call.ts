/** A telephone call, as a conversation sees it. `src/asterisk` speaks AGI for it. */

/** What ends the caller's keys, apart from the hash key. */
export interface Keying {
  /** Ends by itself at this many keys. */
  readonly most: number;
  /** Seconds until the first key; the setting unless told. */
  readonly firstKeySeconds?: number;
  /** Seconds between two keys; the setting unless told. */
  readonly betweenSeconds?: number;
  /** Whoever watches the call may see these keys; unless told, only how many they were. Never for a PIN. */
  readonly shown?: boolean;
}

export interface Call {
  /** The number that the caller shows, digits only; undefined: none. It can be forged. */
  readonly callerNumber: string | undefined;
  /** Asterisk's name of the channel, for the journal. */
  readonly channel: string;
  /** Puts prompts in front of whatever is played next; a key pressed over them belongs to the next question. */
  say(...prompts: readonly string[]): void;
  /**
   * Plays what was said and then `prompts`, and collects keys until the hash key, `most` keys or silence. The first key
   * stops the playing. Resolves to the keys without the hash: '' when only the hash was pressed, undefined when
   * nothing was. Keys pressed during `meanwhile` come first.
   */
  ask(prompts: readonly string[], keying: Keying): Promise<string | undefined>;
  /** Awaits `work` while going on to collect keys, so that none is lost. */
  meanwhile<T>(work: Promise<T>): Promise<T>;
  /** Plays what was said, to its end. */
  finish(): Promise<void>;
}

/** The caller is gone. Thrown by every method of `Call`, caught in one place, the server. */
export class HungUp extends Error {
  override readonly name = 'HungUp';
}

/** The call has lasted as long as it may. Thrown by `ask`; what was said can still be played by `finish`. */
export class CallTooLong extends Error {
  override readonly name = 'CallTooLong';
}
