/** tollgate init: sets this machine up, in mode watch. */
import type { Command } from 'commander';
import type { Config } from '../config';
import type { Operations } from '../gate/gate';
import type { Act } from './act';
import { given } from './given';
import { modeOutcome } from './modes';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { say } from './say';
import type { Session } from './session';

/** What the installer is given. */
export interface InitAsked extends DryRun {
  /** Takes back what `init` has made. */
  readonly undo: boolean;
  readonly by: string;
  config(): Config;
  operations(): Promise<Operations>;
  /** Says what is being done, on stderr. */
  tell(line: string): void;
}

interface Options extends DryRun {
  readonly undo?: boolean;
}

export function addInit(program: Command, act: Act): void {
  const command = program
    .command('init')
    .description('set this machine up: the firewall in mode watch, where nothing but blocks is dropped')
    .option('--undo', 'take back what init has made');
  changing(command).action(act(init));
}

async function init(session: Session, { undo = false, dryRun }: Options): Promise<Outcome> {
  const { product, terminal } = session.world;
  const [config, operations] = [() => session.config(), () => session.operations()];
  const tell = (line: string) => terminal.err(line);
  if (product.init) return product.init({ undo, by: session.by, config, operations, tell, ...given({ dryRun }) });
  const asked = { by: session.by, ...given({ dryRun }) };
  if (undo) {
    const gone = await (await operations()).firewallRemove(asked);
    return modeOutcome(gone, dryRun, 'Nothing of ours is in the kernel any more.');
  }
  const shape = await (await operations()).init(asked);
  const next = 'Next: tollgate account add NUMBER, and when everybody is in the list, tollgate guard';
  return modeOutcome(shape, dryRun, say`The firewall is set up, in mode ${shape.mode ?? 'none'}.`, next);
}
