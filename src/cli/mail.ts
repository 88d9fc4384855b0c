/** tollgate mail test: one letter, past the queue. */
import type { Command } from 'commander';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { say } from './say';
import type { Session } from './session';

export function addMail(program: Command, act: Act): void {
  const mail = program.command('mail').description('the mail that Tollgate sends');
  const test = mail
    .command('test')
    .description('send one letter now and show what the mail server answers')
    .argument('<address>', 'e-mail address');
  changing(test).action(act(mailTest));
}

async function mailTest(session: Session, to: string, { dryRun }: DryRun): Promise<Outcome> {
  const result = await (await session.operations()).mailTest({ to, by: session.by, ...given({ dryRun }) });
  return { text: say`${dryRun ? 'Nothing was sent' : 'Sent'} to ${result.to}: ${result.answer}`, json: result };
}
