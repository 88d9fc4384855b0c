/** tollgate init: the machine, the state folder, the firewall in mode watch and the service, in this order. */
import { existsSync } from 'node:fs';
import type { InitAsked, InitShape } from './cli/init';
import { aptInstall } from './domain/tools';
import { AppError } from './errors';
import type { Operations } from './gate/operations';
import { machineSteps, nextSteps, serviceSteps, type Machine } from './install/init';
import { missingTools } from './install/missing-tools';
import { makeAll, unmakeAll, type Step } from './install/step';
import { PACKAGE } from './package-folder';
import { prepareState, stateFolder } from './state-folder';
import { connectOrOpen, type World } from './tollgate';

/** Backwards with `undo`. Rejects with REFUSED when it is to change the machine and is not root, with SETUP_FAILED when programs are missing. */
export async function setUp(asked: InitAsked, world: World): Promise<InitShape> {
  const { undo, dryRun = false, ownSettings } = asked;
  if (!ownSettings && !dryRun && process.geteuid?.() !== 0) {
    throw new AppError(
      'REFUSED',
      'init makes a user, files below /etc and a service',
      'run it as root, or with --dry-run',
    );
  }
  const missing = undo ? [] : await missingTools(world.run);
  if (missing.length > 0) {
    const happened = `Tollgate runs ${missing.join(', ')}, which this machine lacks`;
    throw new AppError('SETUP_FAILED', happened, aptInstall(missing));
  }
  const machine: Machine = { ...world, root: '/', package: PACKAGE, node: process.execPath };
  const inner = [stateStep(asked, world), firewallStep(asked, world)];
  const steps = ownSettings ? inner : [...machineSteps(machine), ...inner, ...serviceSteps(machine)];
  const done = await (undo ? unmakeAll : makeAll)(steps, dryRun);
  const next = undo || dryRun ? [] : ownSettings ? ['tollgate account add NUMBER', 'tollgate serve'] : nextSteps();
  return { steps: done.map((step) => ({ ...step, note: step.note ?? null })), next };
}

function stateStep({ config }: InitAsked, { random }: World): Step {
  const state = () => stateFolder(config().store.state);
  return {
    what: 'the state folder and the secret that PINs are kept with',
    isDone: () => Promise.resolve(existsSync(state().pepper)),
    make: () => {
      prepareState(state(), random);
      return Promise.resolve();
    },
    stays: 'without it no PIN would be right any more; remove the folder by hand',
  };
}

function firewallStep({ config, by }: InitAsked, world: World): Step {
  const ask = async <T>(work: (operations: Operations) => Promise<T>): Promise<T> => {
    const connection = await connectOrOpen(config(), world);
    try {
      return await work(connection.operations);
    } finally {
      await connection.close();
    }
  };
  return {
    what: 'the firewall, in mode watch',
    isDone: async () => {
      if (!existsSync(stateFolder(config().store.state).pepper)) return false;
      return (await ask((operations) => operations.status({}))).mode !== null;
    },
    make: async () => {
      await ask((operations) => operations.init({ by }));
    },
    unmake: async () => {
      await ask((operations) => operations.firewallRemove({ by }));
    },
  };
}
