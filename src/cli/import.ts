/** tollgate import: what others have written down, shown as a difference to what is open, and with --apply carried out. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ImportShape, ProposalShape } from '../domain/shapes';
import { AppError } from '../errors';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { count, lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

interface ImportOptions extends DryRun {
  readonly apply?: boolean;
}

export function addImport(program: Command, act: Act): void {
  const family = program.command('import').description('let in what a list, or another system, has written down');
  const plain = family
    .command('plain')
    .description('a list that you keep: lines as "tollgate list --plain" prints them, or an address and why')
    .argument('<file>', 'the list; - reads it from stdin');
  importing(plain).action(act(importPlain));
  const rules = family
    .command('iptables')
    .description("who is let in by this machine's iptables rules, or by those in a file")
    .option('--from <file>', 'what iptables-save wrote, or a script of iptables commands; - reads it from stdin');
  importing(rules).action(act(importIptables));
  const freepbx = family
    .command('freepbx')
    .description('the trunks and extensions of FreePBX, from its database')
    .option('--freepbx-database <url>', 'mysql://USER:PASSWORD@HOST/asterisk, instead of what /etc/freepbx.conf says');
  importing(freepbx).action(act(importFreepbx));
  const asterisk = family
    .command('asterisk')
    .description('the far ends that a running Asterisk names in its settings and lists');
  importing(asterisk).action(act(importAsterisk));
}

/** Every import shows first what it would do. */
function importing(command: Command): Command {
  return changing(command.option('--apply', 'do it, instead of only showing it'));
}

async function importPlain(session: Session, file: string, options: ImportOptions): Promise<Outcome> {
  const text = await textIn(session, file);
  const shape = await (await session.operations()).importPlain({ text, ...askedBy(session, options) });
  return importOutcome(session, shape);
}

async function importIptables(session: Session, options: ImportOptions & { readonly from?: string }): Promise<Outcome> {
  const { product } = session.world;
  const text = options.from === undefined ? await product.ruleLists() : await textIn(session, options.from);
  const shape = await (await session.operations()).importIptables({ text, ...askedBy(session, options) });
  return importOutcome(session, shape);
}

async function importFreepbx(
  session: Session,
  { freepbxDatabase: database, ...options }: ImportOptions & { readonly freepbxDatabase?: string },
): Promise<Outcome> {
  const asked = { ...askedBy(session, options), ...given({ database }) };
  return importOutcome(session, await (await session.operations()).importFreepbx(asked));
}

async function importAsterisk(session: Session, options: ImportOptions): Promise<Outcome> {
  const outcome = importOutcome(session, await (await session.operations()).importAsterisk(askedBy(session, options)));
  return { ...outcome, text: lines(outcome.text, session.screen.colours.dim(UNSEEN)) };
}

const UNSEEN =
  'Not seen: what Asterisk reads from a database (realtime), names that IAX2 has already looked up, and trunks without an address that have not registered.';

/** Nothing is changed without `--apply`, nor with `--dry-run`. */
function askedBy({ by }: Session, { apply, dryRun }: ImportOptions) {
  return { by, ...given({ dryRun: apply && !dryRun ? undefined : true }) };
}

/** Of a file, or of stdin (`-`). Rejects with COMMAND_FAILED. */
async function textIn({ world }: Session, file: string): Promise<string> {
  if (file === '-') return world.terminal.readStdin();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('COMMAND_FAILED', `${file} cannot be read: ${why}`, 'name another file, or - for stdin', error);
  }
}

const SIGN = { new: '+', changed: '~', gone: '-', revoked: '=', refused: '!', same: '=' } as const;
const COLOUR = { new: 'green', changed: 'yellow', gone: 'red', revoked: 'dim', refused: 'red', same: 'dim' } as const;

/** The difference, and what to type next. */
function importOutcome(session: Session, shape: ImportShape): Outcome {
  const { proposals, origin, applied } = shape;
  const { colours } = session.screen;
  const shown = proposals.filter(({ state }) => state !== 'same');
  const rows = shown.map(({ state, what, services, name, why, hint }): Cell[] => [
    { text: `${SIGN[state]} ${state}`, paint: colours[COLOUR[state]] },
    name === null ? what : `${what} (${name})`,
    services.join(' ') || (state === 'refused' ? '' : 'block'),
    hint === null ? why : `${why}. ${hint}`,
  ]);
  const columns = [
    { head: '' },
    { head: 'WHAT', wraps: true },
    { head: 'SERVICES', wraps: true },
    { head: 'WHY', wraps: true },
  ];
  const changes = shown.filter(({ state }) => state !== 'refused' && state !== 'revoked');
  const leftOut = shown.filter(({ state }) => state === 'refused').length;
  const diff = shown.length === 0 ? '' : table(session.screen, columns, rows);
  return { text: lines(diff, summary(proposals), nextStep({ changes, leftOut, origin, applied })), json: shape };
}

function summary(proposals: readonly ProposalShape[]): string {
  const of = (state: ProposalShape['state']) => proposals.filter((each) => each.state === state).length;
  const parts = (['new', 'changed', 'gone', 'revoked', 'refused'] as const).flatMap((state) =>
    of(state) > 0 ? [`${of(state)} ${state}`] : [],
  );
  return `${parts.length > 0 ? parts.join(', ') : 'Nothing is new'}; ${count(of('same'), 'line')} as it is.`;
}

const LEFT_OUT = 'what is marked ! was left out, for the reason beside it';

interface Step {
  readonly changes: readonly ProposalShape[];
  /** How many were refused. */
  readonly leftOut: number;
  readonly origin: string;
  readonly applied: boolean;
}

function nextStep({ changes, leftOut, origin, applied }: Step): string {
  if (changes.length === 0) return '';
  if (applied) {
    const done = leftOut === 0 ? 'Done, in one step.' : `Done, in one step; ${LEFT_OUT}.`;
    return `${done} Each has a line in tollgate log, which tollgate undo takes back.`;
  }
  return say`Nothing was changed. To do it: tollgate import ${origin} … --apply`;
}
