/** tollgate guard and tollgate secure: what was found is shown and, on a terminal, asked about; then the trial. */
import type { Command } from 'commander';
import { formatDuration } from '../domain/duration';
import type { ModeShape } from '../domain/shapes';
import { unagreed } from '../domain/unagreed';
import { AppError } from '../errors';
import type { Operations } from '../gate/operations';
import type { Act } from './act';
import { given } from './given';
import { legacySeen } from './legacy-seen';
import { modeOutcome } from './mode-outcome';
import { changing, duration, list, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { table } from './table';

interface Options extends DryRun {
  readonly within?: number;
  readonly admin?: string;
  readonly lose?: readonly string[];
  readonly trust?: readonly string[];
  readonly here?: boolean;
  readonly withoutAsterisk?: boolean;
}
type Verb = 'guard' | 'secure';
type Wanted = Parameters<Operations['secure']>[0];

export function addStricter(program: Command, act: Act): void {
  add(program, act, 'guard', 'close the guarded ports to all but entries, on trial until confirmed');
  add(program, act, 'secure', 'drop everything that is not explicitly open, on trial until confirmed');
}

function add(program: Command, act: Act, verb: Verb, description: string): void {
  const command = program
    .command(verb)
    .description(description)
    .option('--within <duration>', 'the kernel goes back by itself unless confirmed within this (60s)', duration)
    .option('--admin <what>', 'address, network or name that always has access from now on, to everything')
    .option('--lose <who>', 'a phone, trunk or address that may be cut off; repeatable; all', list)
    .option('--trust <network>', '192.168.1.0/24@eth1: let it in on that device; repeatable; none', list)
    .option('--without-asterisk', 'although Asterisk does not tell who is registered and where it listens');
  if (verb === 'secure') command.option('--here', "typed on the machine's own console, by nobody from afar");
  changing(command).action(act((session, options: Options) => stricter(session, verb, options)));
}

async function stricter(session: Session, verb: Verb, options: Options): Promise<Outcome> {
  const { within: withinSeconds, dryRun, ...more } = options;
  const operations = await session.operations();
  const typed: Wanted = {
    ...{ by: session.by, lose: more.lose ?? [] },
    ...given({ withinSeconds, dryRun, ssh: session.world.ssh() }),
    ...(await legacySeen(session)),
    ...given({ admin: more.admin, trust: more.trust, here: more.here, withoutAsterisk: more.withoutAsterisk }),
  };
  const canAsk = session.world.terminal.interactive && !session.json && !dryRun;
  const wanted = canAsk ? await agreed(session, operations, { typed, verb }) : typed;
  const shape = await operations[verb](wanted);
  const found = canAsk ? '' : foundText(session, shape);
  if (!shape.trial) return modeOutcome(shape, dryRun, found, say`Mode ${shape.mode ?? 'none'} is in force.`);
  const left = Math.ceil((new Date(shape.trial.until).getTime() - session.world.now().getTime()) / 1000);
  const until = `${session.times().exact(shape.trial.until)} (${formatDuration(left)})`;
  const outcome = modeOutcome(
    shape,
    dryRun,
    found,
    say`Mode ${shape.trial.mode} is on trial until ${until}; then the kernel itself goes back to ${shape.mode ?? 'no mode'}.`,
    'Open another SSH connection, make a call, and keep it from there with: tollgate confirm',
  );
  return dryRun ? { ...outcome, text: lines(found, outcome.text) } : outcome;
}

/** Shows what was found, and asks for what nobody has said. Rejects with REFUSED when the answer is no. */
async function agreed(
  session: Session,
  operations: Operations,
  { typed, verb }: { readonly typed: Wanted; readonly verb: Verb },
): Promise<Wanted> {
  const { terminal } = session.world;
  const plan = (wanted: Wanted) => operations[verb]({ ...wanted, dryRun: true });
  let wanted = typed;
  let shape = await plan(wanted);
  terminal.out(foundText(session, shape));
  const more = { ...(await wayIn(session, verb, { typed, shape })), ...(await trusting(session, typed, shape)) };
  if (Object.keys(more).length > 0) {
    wanted = { ...typed, ...more };
    shape = await plan(wanted);
  }
  const lost = unagreed(shape.lost, wanted.lose);
  if (lost.length === 0) return wanted;
  terminal.out(lines(...lost.map((who) => say`Would be cut off: ${who}`)));
  if (await isYes(session, 'Cut them off?', false)) return { ...wanted, lose: [...wanted.lose, ...lost] };
  throw new AppError(
    'REFUSED',
    'nothing was changed',
    'let them in by address or name with "tollgate allow WHAT", then try again',
  );
}

/** Somebody must always be able to come in; proposed is where this shell comes from. */
async function wayIn(
  session: Session,
  verb: Verb,
  { typed, shape }: { readonly typed: Wanted; readonly shape: ModeShape },
): Promise<Pick<Wanted, 'admin'>> {
  if (verb === 'guard' || typed.admin !== undefined || typed.here || saysFound(shape, 'way in')) return {};
  const peer = typed.ssh?.split(' ')[0]?.replace(/%.*$/, '');
  const proposed = peer === undefined ? '' : say` [${peer}]`;
  const answer = await session.world.terminal.ask(`Address or name that always has access${proposed}: `);
  const admin = answer.trim() || peer;
  return admin === undefined ? {} : { admin };
}

/** Networks that are trusted unasked so far, because this machine stands behind a router. */
async function trusting(session: Session, typed: Wanted, shape: ModeShape): Promise<Pick<Wanted, 'trust'>> {
  const found = (shape.found ?? []).filter(({ what }) => what === 'trusted').map(({ text }) => text);
  if (typed.trust || found.length === 0 || (shape.mode !== null && shape.mode !== 'watch')) return {};
  return (await isYes(session, say`Trust ${found.join(', ')}?`, true)) ? {} : { trust: ['none'] };
}

async function isYes({ world }: Session, question: string, usual: boolean): Promise<boolean> {
  const answer = (await world.terminal.ask(`${question} ${usual ? '[Y/n]' : '[y/N]'} `)).trim().toLowerCase();
  return answer === '' ? usual : ['y', 'yes'].includes(answer);
}

function saysFound({ found = [] }: ModeShape, wanted: string): boolean {
  return found.some(({ what }) => what === wanted);
}

function foundText({ screen }: Session, { found = [] }: ModeShape): string {
  if (found.length === 0) return '';
  const rows = found.map(({ what, text }, i) => [found[i - 1]?.what === what ? '' : what, text]);
  return table(screen, [{ head: 'FOUND' }, { head: '', wraps: true }], rows);
}
