/** Setting a machine up is a list of steps; each knows whether it is done, how to do it and how to take it back. */

export interface Step {
  /** As it is told: `the user tollgate`. */
  readonly what: string;
  readonly isDone: () => Promise<boolean>;
  readonly make: () => Promise<void>;
  /** Undefined: it stays when Tollgate is taken away, and `stays` says why. */
  readonly unmake?: () => Promise<void>;
  readonly stays?: string;
}

export interface StepDone {
  readonly what: string;
  readonly outcome: 'made' | 'was there' | 'would be made' | 'removed' | 'would be removed' | 'was not there' | 'stays';
  readonly note: string | undefined;
}

export async function makeAll(steps: readonly Step[], dryRun: boolean): Promise<readonly StepDone[]> {
  const done: StepDone[] = [];
  for (const step of steps) {
    const there = await step.isDone();
    if (!there && !dryRun) await step.make();
    const outcome = there ? 'was there' : dryRun ? 'would be made' : 'made';
    done.push({ what: step.what, outcome, note: undefined });
  }
  return done;
}

/** Backwards, so that nothing is left that rests on something gone. */
export async function unmakeAll(steps: readonly Step[], dryRun: boolean): Promise<readonly StepDone[]> {
  const done: StepDone[] = [];
  for (const step of [...steps].reverse()) {
    const there = await step.isDone();
    if (there && step.unmake && !dryRun) await step.unmake();
    const removed = dryRun ? 'would be removed' : 'removed';
    const outcome = !there ? 'was not there' : step.unmake ? removed : 'stays';
    done.push({ what: step.what, outcome, note: there ? step.stays : undefined });
  }
  return done;
}
