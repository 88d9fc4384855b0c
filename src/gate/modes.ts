/** Watch, guard, and what lies between them: a trial that the kernel itself lets go of. */
import { elementsFor, WAS } from '../domain/elements';
import { STRICTNESS, type Mode, type Policy } from '../domain/firewall';
import type { ListeningPorts } from '../domain/phones';
import type { Service } from '../domain/service';
import type { ModeShape } from '../domain/shapes';
import type { ModeState } from '../domain/store';
import { AppError } from '../errors';
import { write } from './announce';
import type { Doors } from './doors';
import type { Asked } from './entries';
import { termsOf } from './outlasting';
import type { Parts } from './parts';
import { whoWouldBeLost, type LossAsked } from './whom-guard-cuts-off';

export interface StricterAsked extends Asked, LossAsked {
  readonly mode: 'guard';
  /** Seconds until the kernel rolls back unless confirmed. */
  readonly withinSeconds?: number;
  /** Peers that may be lost, by name or address; `all`. */
  readonly lose: readonly string[];
}

/** The services with the ports on which Asterisk was found listening added to `sip` and `iax`. */
export function servicesWith(services: readonly Service[], listening: ListeningPorts | undefined): readonly Service[] {
  const found: Readonly<Record<string, Service['ports']>> = { sip: listening?.sip ?? [], iax: listening?.iax ?? [] };
  return services.map((service) => {
    const known = new Set(service.ports.map((ports) => JSON.stringify(ports)));
    const more = (found[service.name] ?? []).filter(
      ({ protocol, first, last }) => !known.has(JSON.stringify({ protocol, first, last })),
    );
    return { ...service, ports: [...service.ports, ...more] };
  });
}

/** Makes the kernel hold what the store says, rules and members; resolves to what had to be sent. */
export async function reconcile(parts: Parts, doors: Doors): Promise<readonly string[]> {
  return doors.exclusively(() => inForce(parts, (firewall, policy, elements) => firewall.apply(policy, elements)));
}

/** What `reconcile` would send. */
export async function planned(parts: Parts, doors: Doors, state?: ModeState): Promise<readonly string[]> {
  return doors.exclusively(() =>
    inForce(parts, (firewall, policy, elements) => firewall.plan(policy, elements), state),
  );
}

/** To a less strict mode: at once, with nothing to confirm. */
export async function loosen(parts: Parts, doors: Doors, asked: Asked & { readonly mode: Mode }): Promise<ModeShape> {
  const before = await parts.store.modeState();
  if (before.mode && STRICTNESS[asked.mode] > STRICTNESS[before.mode]) {
    throw new AppError('MISUSED', `${asked.mode} is stricter than ${before.mode}`, `tollgate ${asked.mode}`);
  }
  const listening = await parts.phones.listeningPorts().catch(() => before.listening); // only counted in watch
  const state: ModeState = { mode: asked.mode, trial: undefined, listening };
  return change(parts, doors, asked, state, { action: 'mode', why: `Mode ${asked.mode}.` });
}

/** To a stricter mode, on trial: it refuses when somebody would be cut off whom nobody agreed to lose. */
export async function tighten(parts: Parts, doors: Doors, asked: StricterAsked): Promise<ModeShape> {
  const { store, clock, rules } = parts;
  const before = await store.modeState();
  if (before.mode === asked.mode && before.trial === undefined) {
    return { mode: asked.mode, trial: null, lines: await planned(parts, doors), lost: [] };
  }
  const { lost, unsure, listening } = await whoWouldBeLost(parts, asked);
  const unagreed = lost.filter(
    (peer) => !asked.lose.includes('all') && !asked.lose.some((name) => peer.split(' ').includes(name)),
  );
  if (unagreed.length > 0 && !asked.dryRun) {
    throw new AppError(
      'REFUSED',
      `${asked.mode} would cut off ${unagreed.join(', ')}`,
      `let them in with "tollgate allow ADDRESS", or agree with "--lose NAME" (--lose all)`,
    );
  }
  const until = new Date(clock.now().getTime() + (asked.withinSeconds ?? rules.trialSeconds) * 1000);
  const state: ModeState = { mode: before.mode ?? 'watch', trial: { mode: asked.mode, until }, listening };
  const why = `Mode ${asked.mode} on trial until ${until.toISOString()}.`;
  return { ...(await change(parts, doors, asked, state, { action: 'trial', why })), lost, unsure };
}

/** Makes the trial's mode the mode, as long as the kernel has not let go of it. */
export async function confirm(parts: Parts, doors: Doors, asked: Asked): Promise<ModeShape> {
  const before = await parts.store.modeState();
  const left = await parts.firewall.trialSecondsLeft();
  if (!before.trial || left === undefined) {
    const happened = before.trial
      ? `the trial of ${before.trial.mode} ran out and was rolled back`
      : 'no trial is running';
    throw new AppError('REFUSED', happened, 'start one with "tollgate guard", then "tollgate confirm" in time');
  }
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

/** Takes everything of ours out of the kernel; the store keeps who may come in. */
export async function removeFirewall(parts: Parts, doors: Doors, asked: Asked): Promise<ModeShape> {
  if (!asked.dryRun) {
    await doors.exclusively(async () => {
      await parts.firewall.remove();
      await parts.store.transaction(async (records) => {
        await records.saveModeState({ mode: undefined, trial: undefined, listening: undefined });
        await write(parts, records, {
          action: 'firewall',
          by: asked.by,
          what: 'firewall',
          from: 'command',
          why: 'Removed.',
        });
      });
    });
  }
  return { mode: null, trial: null, lines: ['every chain TOLLGATE… and set tg-… is removed'], lost: [] };
}

/** The kernel first, then the store: a mode that did not take is not remembered. */
async function change(
  parts: Parts,
  doors: Doors,
  asked: Asked,
  state: ModeState,
  line: { readonly action: 'mode' | 'trial' | 'confirm' | 'rollback'; readonly why: string },
): Promise<ModeShape> {
  const shape = (lines: readonly string[]): ModeShape => ({
    mode: state.mode ?? null,
    trial: state.trial ? { mode: state.trial.mode, until: state.trial.until.toISOString() } : null,
    lines,
    lost: [],
  });
  if (asked.dryRun) return shape(await planned(parts, doors, state));
  const lines = await doors.exclusively(async () => {
    const sent = await inForce(parts, (firewall, policy, elements) => firewall.apply(policy, elements), state);
    await parts.store.transaction(async (records) => {
      await records.saveModeState(state);
      const what = state.trial?.mode ?? state.mode ?? 'none';
      await write(parts, records, { ...line, by: asked.by, what, from: 'command' });
    });
    return sent;
  });
  return shape(lines);
}

async function inForce(
  parts: Parts,
  act: (
    firewall: Parts['firewall'],
    policy: Policy,
    elements: ReturnType<typeof elementsFor>,
  ) => Promise<readonly string[]>,
  asked?: ModeState,
): Promise<readonly string[]> {
  const { store, firewall, clock, rules } = parts;
  const state = asked ?? (await store.modeState());
  if (!state.mode) return [];
  const services = servicesWith(parts.services, state.listening);
  const now = clock.now();
  const remembered = await firewall.members(WAS);
  const policy: Policy = {
    mode: state.mode,
    trial: state.trial && state.trial.until.getTime() > now.getTime() ? state.trial : undefined,
    services,
    rtp: rules.rtp,
    trusted: rules.trusted,
    answerPings: rules.answerPings,
  };
  const live = [...(await store.liveEntries(now)), ...(await store.outlastedLeases())];
  const terms = { ...termsOf(parts), services };
  return act(firewall, policy, elementsFor(live, terms, remembered, now));
}
