/** What is left on the channel when a script has ended, however it ended. */
import { AppError } from '../errors';
import { CallTooLong, HungUp } from '../domain/call';

/** Channel variables: name -> value. */
export type Variables = Readonly<Record<string, string>>;

export interface Outcome {
  readonly variables: Variables;
  /** For the log: what went wrong, with its stack if it is a bug of ours. */
  readonly failure: string | undefined;
}

/** The one place that catches what ends a call. Never rejects. */
export async function outcomeOf(script: () => Promise<Variables>): Promise<Outcome> {
  try {
    return { variables: await script(), failure: undefined };
  } catch (error) {
    if (error instanceof HungUp) return ended('hungup');
    if (error instanceof CallTooLong) return ended('unchanged');
    if (error instanceof AppError) return ended('error', error.message);
    return ended('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function ended(result: string, failure?: string): Outcome {
  return { variables: { TOLLGATE_RESULT: result }, failure };
}
