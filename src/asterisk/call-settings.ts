/** How long a telephone call waits for what. All are settings, so that a test can make them small. */

export interface CallSettings {
  /** Seconds until the first key of an answer. */
  readonly firstKeySeconds: number;
  /** Seconds between two keys; a longer pause ends the answer. */
  readonly betweenSeconds: number;
  /** Seconds after which the call ends itself. Asterisk is told to end it 30 seconds later. */
  readonly callSeconds: number;
  /** `limitPrompt` is spoken this many seconds before that. */
  readonly warnSeconds: number;
  /** Name of the prompt that says so. */
  readonly limitPrompt: string;
}

export const CALL_SETTINGS: CallSettings = {
  firstKeySeconds: 10,
  betweenSeconds: 5,
  callSeconds: 240,
  warnSeconds: 30,
  limitPrompt: 'half-a-minute-left',
};
