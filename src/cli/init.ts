/** tollgate init: sets this machine up, in mode watch, and takes it back. */
import type { Command } from 'commander';
import type { Config } from '../config';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

export interface InitAsked extends DryRun {
  /** Takes back what `init` has made. */
  readonly undo: boolean;
  readonly by: string;
  /** Settings of their own: then only the state folder and the firewall are made, nothing below /etc. */
  readonly ownSettings: boolean;
  /** Reads the settings; not before they have been made. */
  readonly config: () => Config;
}
export interface InitShape {
  readonly steps: readonly { readonly what: string; readonly outcome: string; readonly note: string | null }[];
  /** What is left for the admin to do. */
  readonly next: readonly string[];
}

interface Options extends DryRun {
  readonly undo?: boolean;
}

export function addInit(program: Command, act: Act): void {
  const command = program
    .command('init')
    .description(
      'set this machine up, the firewall in mode watch, where nothing but blocks is dropped; ' +
        'with --config only the state folder and the firewall',
    )
    .option('--undo', 'take back what init has made');
  changing(command).action(act(init));
}

async function init(session: Session, { undo = false, dryRun }: Options): Promise<Outcome> {
  const asked = { undo, by: session.by, ownSettings: session.configFile !== undefined, config: () => session.config() };
  const shape = await session.world.product.init({ ...asked, ...given({ dryRun }) });
  const rows = shape.steps.map(({ outcome, what, note }): Cell[] => [
    outcome,
    note === null ? what : `${what} (${note})`,
  ]);
  const next = shape.next.map((line) => say`  ${line}`);
  const text = lines(
    table(session.screen, [{ head: '' }, { head: '', wraps: true }], rows),
    dryRun ? 'Nothing was changed.' : '',
    next.length > 0 ? lines('What is left to do:', ...next) : '',
  );
  return { text, json: shape };
}
