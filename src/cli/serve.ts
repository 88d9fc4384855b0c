/** tollgate serve: the daemon, in the foreground. */
import type { Command } from 'commander';
import type { Act } from './act';
import type { Outcome } from './outcome';
import type { Session } from './session';

export function addServe(program: Command, act: Act): void {
  program
    .command('serve')
    .description('run the daemon in the foreground until Ctrl-C or SIGTERM; the rules stay in force after it')
    .action(act(serve));
}

async function serve({ world, ...session }: Session): Promise<Outcome> {
  await world.product.serve(session.config(), world.terminal.stopSignal());
  return { text: '', json: undefined };
}
