/** The mode in force, and how it changes: at once to a less strict one, by a trial that is confirmed to a stricter. */
import { STRICTNESS, type Mode } from '../../domain/firewall';
import type { ModeShape } from '../../domain/shapes';
import type { ModeState } from '../../domain/store';
import { AppError } from '../../errors';
import { write } from '../announce';
import { refuseOldConnection, type ConfirmedFrom } from './connection';
import type { Doors } from '../doors/doors';
import type { Asked } from '../doors/entries';
import type { Parts } from '../parts';
import { applyNow, planned } from '../reconcile';
import { listeningWith } from './listening';
import { saveBackup, tryToSaveBackup } from './save-backup';

export { planned, reconcile } from '../reconcile';

/** To a less strict mode: at once, with nothing to confirm. */
export async function loosen(parts: Parts, doors: Doors, asked: Asked & { readonly mode: Mode }): Promise<ModeShape> {
  const before = await parts.store.modeState();
  if (before.mode && STRICTNESS[asked.mode] > STRICTNESS[before.mode]) {
    throw new AppError('MISUSED', `${asked.mode} is stricter than ${before.mode}`, `tollgate ${asked.mode}`);
  }
  const now = await parts.phones.listeningPorts().catch(() => undefined); // only counted in watch
  const listening = listeningWith({ before: before.listening, now });
  const state: ModeState = { ...before, mode: asked.mode, trial: undefined, listening };
  return change(parts, doors, asked, state, { action: 'mode', why: `Mode ${asked.mode}.` });
}

/**
 * Makes the trial's mode the mode, as long as the kernel has not let go of it, for somebody who has come in under its
 * rules. Rejects with REFUSED.
 */
export async function confirm(parts: Parts, doors: Doors, asked: Asked & ConfirmedFrom): Promise<ModeShape> {
  const before = await parts.store.modeState();
  const left = await parts.firewall.trialSecondsLeft();
  if (!before.trial || left === undefined) {
    const happened = before.trial
      ? `the trial of ${before.trial.mode} ran out and was rolled back`
      : 'no trial is running';
    throw new AppError('REFUSED', happened, 'start one with "tollgate guard", then "tollgate confirm" in time');
  }
  const scene = await parts.surroundings.look();
  refuseOldConnection(asked, { scene, services: parts.services, before: before.trial.connections ?? [] });
  const state: ModeState = { ...before, mode: before.trial.mode, trial: undefined };
  return change(parts, doors, asked, state, { action: 'confirm', why: `Mode ${before.trial.mode} confirmed.` });
}

export async function rollback(parts: Parts, doors: Doors, asked: Asked): Promise<ModeShape> {
  const before = await parts.store.modeState();
  if (!before.trial)
    throw new AppError('REFUSED', 'no trial is running', 'a confirmed mode is left with "tollgate watch"');
  const state: ModeState = { ...before, trial: undefined };
  return change(parts, doors, asked, state, {
    action: 'rollback',
    why: `The trial of ${before.trial.mode} was taken back.`,
  });
}

/** A trial that the kernel has let go of is forgotten, and told. */
export async function forgetLapsedTrial(parts: Parts, doors: Doors): Promise<void> {
  const state = await parts.store.modeState();
  if (!state.trial || parts.clock.now().getTime() < state.trial.until.getTime()) return;
  await change(
    parts,
    doors,
    { by: 'kernel' },
    { ...state, trial: undefined },
    { action: 'rollback', why: `The trial of ${state.trial.mode} was not confirmed in time.` },
  );
}

/** At a start: a trial that did not outlive a reboot in the kernel is not begun again by us. */
export async function forgetLostTrial(parts: Parts, doors: Doors): Promise<void> {
  const state = await parts.store.modeState();
  if (!state.trial || (await parts.firewall.trialSecondsLeft()) !== undefined) return;
  const why = `The trial of ${state.trial.mode} was over when Tollgate started.`;
  await change(parts, doors, { by: 'kernel' }, { ...state, trial: undefined }, { action: 'rollback', why });
}

/** What the boot unit does, on a running system: the confirmed mode, without the trial that may be running. */
export async function restoreFirewall(parts: Parts, doors: Doors, { by, dryRun = false }: Asked): Promise<ModeShape> {
  const { store, firewall } = parts;
  return doors.exclusively(async () => {
    const { trial, ...state } = await store.modeState();
    if (!state.mode) throw new AppError('REFUSED', 'no mode was ever chosen', 'tollgate init, or tollgate watch');
    if (!dryRun) await saveBackup(parts, 'Before the state saved for a reboot was brought back.');
    const lines = await firewall.restore({ dryRun });
    if (!dryRun) {
      await store.transaction(async (records) => {
        if (trial) await records.saveModeState({ ...state, trial: undefined });
        const why = `Restored to mode ${state.mode ?? 'none'} as saved for a reboot.`;
        await write(parts, records, { action: 'firewall', by, what: 'firewall', from: 'command', why });
      });
    }
    return { mode: state.mode, trial: null, lines, lost: [] };
  });
}

/**
 * Takes everything of ours out of the kernel; the store keeps who may come in. What a reboot brings back goes last:
 * whoever dies before the mode is forgotten leaves a machine that starts under its rules.
 */
export async function removeFirewall(parts: Parts, doors: Doors, asked: Asked): Promise<ModeShape> {
  if (!asked.dryRun) {
    await doors.exclusively(async () => {
      await saveBackup(parts, 'Before everything of ours was removed.');
      await parts.firewall.remove(() =>
        parts.store.transaction(async (records) => {
          await records.saveModeState({ mode: undefined, trial: undefined, listening: undefined });
          await write(parts, records, {
            action: 'firewall',
            by: asked.by,
            what: 'firewall',
            from: 'command',
            why: 'Removed.',
          });
        }),
      );
    });
  }
  return { mode: null, trial: null, lines: ['every chain TOLLGATE… and set tg-… is removed'], lost: [] };
}

/** At a start: what a removal that was cut short has left, and what a reboot brought back of it. */
export async function finishRemoval({ store, firewall }: Parts, doors: Doors): Promise<void> {
  await doors.exclusively(async () => {
    if (await store.isModeRemoved()) await firewall.remove();
  });
}

interface Line {
  readonly action: 'mode' | 'trial' | 'confirm' | 'rollback';
  readonly why: string;
  /** What is remembered, once the kernel holds it; the state itself unless told. */
  readonly seal?: () => Promise<ModeState>;
}

/** The kernel first, then the store: a mode that did not take is not remembered. */
export async function change(
  parts: Parts,
  doors: Doors,
  asked: Asked,
  state: ModeState,
  { action, why, seal }: Line,
): Promise<ModeShape> {
  const shape = (lines: readonly string[]): ModeShape => ({
    mode: state.mode ?? null,
    trial: state.trial ? { mode: state.trial.mode, until: state.trial.until.toISOString() } : null,
    lines,
    lost: [],
  });
  if (asked.dryRun) return shape(await planned(parts, doors, state));
  const lines = await doors.exclusively(async () => {
    const save = action === 'trial' || action === 'confirm' ? saveBackup : tryToSaveBackup;
    await save(parts, `Before: ${why}`);
    const sent = await applyNow(parts, state);
    const sealed = seal ? await seal() : state;
    await parts.store.transaction(async (records) => {
      await records.saveModeState(sealed);
      const what = state.trial?.mode ?? state.mode ?? 'none';
      await write(parts, records, { action, why, by: asked.by, what, from: 'command' });
    });
    return sent;
  });
  return shape(lines);
}
