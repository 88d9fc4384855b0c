/** What a command leaves: a text for people, a value for scripts. Only `run-main.ts` prints it. */
export interface Outcome {
  /** Foreign text in it has been made printable. */
  readonly text: string;
  /** What `--json` prints; undefined: nothing more (the command has streamed it). */
  readonly json: unknown;
  /** It was shown, but it is not as it should be: exit 1. */
  readonly failed?: boolean;
  /** A signal ended it, and the exit status says so as a shell would: 130 for Ctrl-C. */
  readonly signal?: StopSignal | undefined;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';
