/** tollgate provider: the companies whose names and networks are known, and can be let in by one word. */
import type { Command } from 'commander';
import { nearest } from '../domain/nearest';
import { providerNamed, providers, type Provider } from '../domain/providers';
import { AppError } from '../errors';
import type { Act } from './act';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { facts, table } from './table';

export function addProvider(program: Command, act: Act): void {
  const command = program.command('provider').description('companies that can be let in by name: tollgate allow NAME');
  command.command('list').description('all that are known').action(act(list));
  command
    .command('show')
    .description('what one stands for, and where that is from')
    .argument('<name>', 'as in the list: callcentric')
    .action(act(show));
}

function list(session: Session): Promise<Outcome> {
  const all = [...providers()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const columns = [{ head: 'NAME' }, { head: 'COMPANY', wraps: true }, { head: 'OPENS' }, { head: 'CHECKED' }];
  const rows = all.map(({ id, company, services, checked }) => [id, company, services.join(' '), checked]);
  return Promise.resolve({ text: table(session.screen, columns, rows), json: all });
}

function show(session: Session, name: string): Promise<Outcome> {
  const provider = providerNamed(name.toLowerCase());
  if (!provider) throw unknown(name);
  const { id, company, note } = provider;
  const text = lines(
    say`${company}`,
    facts(session.screen, factsOf(provider)),
    note === undefined ? '' : say`${note}`,
    say`To let it in: tollgate allow ${id}`,
  );
  return Promise.resolve({ text, json: provider });
}

function factsOf(provider: Provider): (readonly [string, string])[] {
  const { names, networks, media, services, ports, source, checked } = provider;
  return [
    ...(names.length > 0 ? [['names, followed', names.join(' ')] as const] : []),
    ...(networks.length > 0 ? [['signals from', networks.join(' ')] as const] : []),
    ...(media.length > 0 ? [['sound from', media.join(' ')] as const] : []),
    ['opens', services.join(' ')],
    ['its ports', ports.join(' ')],
    ['source', source],
    ['checked', checked],
  ];
}

function unknown(name: string): AppError {
  const known = providers().map(({ id }) => id);
  const near = nearest(name, known);
  const hint = near === undefined ? 'tollgate provider list shows those that are' : `did you mean "${near}"?`;
  return new AppError('NOT_FOUND', `no provider "${name}" is known`, hint);
}
