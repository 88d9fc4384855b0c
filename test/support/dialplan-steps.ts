/** What Asterisk has logged of a call's way through the dialplan. */

export interface DialplanStep {
  readonly context: string;
  /** The application, as `Answer`. */
  readonly does: string;
}

/** Every step of the latest channel that began at an extension of this number. */
export function stepsOf(log: string, number: string): readonly DialplanStep[] {
  const lines = Array.from(
    log.matchAll(/Executing \[([^@\]]+)@([\w-]+):\d+\] (\w+)\("([^"]+)"/g),
    ([, extension, context = '', does = '', channel]) => ({ extension, context, does, channel }),
  );
  const channel = lines.findLast(({ extension }) => extension === number)?.channel;
  return lines.filter((line) => channel !== undefined && line.channel === channel);
}
