/** How the answer to a change of mode reads. */
import type { ModeShape } from '../domain/shapes';
import type { Outcome } from './outcome';
import { lines, say } from './say';

/** With `--dry-run` what would be sent, and else what is so now. */
export function modeOutcome(shape: ModeShape, dryRun: boolean | undefined, ...done: readonly string[]): Outcome {
  const sent = shape.lines.length > 0 ? shape.lines.map((line) => say`  ${line}`) : ['  nothing: it is so already'];
  const text = dryRun
    ? lines('Nothing was changed. This would be sent to the kernel:', ...sent, lostText(shape, 'would be'))
    : lines(...done, lostText(shape, 'is'));
  return { text, json: shape };
}

function lostText({ lost }: ModeShape, verb: string): string {
  return lines(...lost.map((peer) => say`Cut off ${verb}: ${peer}`));
}
