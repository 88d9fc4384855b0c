/** tollgate demo: the whole story on this machine, with a real Asterisk, in namespaces of its own. */
import type { Command } from 'commander';
import type { Act } from './act';
import type { Outcome, StopSignal } from './outcome';
import { say } from './say';
import type { Session } from './session';

export interface DemoAsked {
  /** The story as it happens: to stdout, or to stderr when stdout is for JSON. */
  readonly tell: (line: string) => void;
  /** Ctrl-C: end and leave nothing behind. */
  readonly stop: AbortSignal;
}
export interface DemoShape {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly ms: number;
    readonly detail: string;
  }[];
  /** `keys` with the PIN's as `•`, `seconds` from answer to first accepted packet; null: it did not come to a call. */
  readonly call: { readonly keys: string; readonly seconds: number } | null;
  /** From the AGI reply with the confirming key to the first accepted packet. */
  readonly door: { readonly openedAfterMs: number } | null;
}

export function addDemo(program: Command, act: Act): void {
  program
    .command('demo')
    .description('play the whole story on this machine, with a real Asterisk; leaves nothing behind')
    .action(act(demo));
}

async function demo(session: Session): Promise<Outcome> {
  const { terminal, product } = session.world;
  const tell = session.json ? (line: string) => terminal.err(line) : (line: string) => terminal.out(line);
  const stop = terminal.stopSignal();
  const shape = await product.demo({ tell, stop });
  const broken = shape.steps.filter((step) => !step.ok).map((step) => step.name);
  const text = shape.ok
    ? `The door was open ${shape.door?.openedAfterMs ?? '?'} ms after the last key.`
    : say`It did not hold: ${broken.join(', ') || 'the story did not come to its end'}.`;
  const signal = !shape.ok && stop.aborted ? (stop.reason as StopSignal) : undefined;
  return { text, json: shape, failed: !shape.ok, signal };
}
