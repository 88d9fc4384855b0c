/** tollgate store: where everything is remembered. */
import type { Command } from 'commander';
import { AppError } from '../errors';
import type { Act } from './act';
import { given } from './given';
import { changing, type DryRun } from './options';
import type { Outcome } from './outcome';
import { lines, say } from './say';
import type { Session } from './session';
import { table, type Cell } from './table';

export interface MoveAsked extends DryRun {
  /** A file, or the address of a MariaDB with its password. */
  readonly to: string;
}
export interface PepperAsked extends DryRun {
  /** From now on this machine's pepper is the right one. */
  readonly ours?: boolean;
  readonly by: string;
}
export interface PepperShape {
  /** Where this machine's pepper is. */
  readonly file: string;
  /** Were the store's PINs kept with it? */
  readonly ours: boolean;
  /** The PBX whose pepper the PINs were kept with, and since when; null: nobody has started with this store yet. */
  readonly pbx: string | null;
  readonly since: string | null;
  readonly changed: boolean;
}
export interface MoveShape {
  readonly from: string;
  readonly to: string;
  /** Rows and the content's hash, the same on both sides. */
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly sha256: string }[];
  /** What is left for the admin to do. */
  readonly next: readonly string[];
}

const HASH_SHOWN = 16;

export function addStore(program: Command, act: Act): void {
  const store = program.command('store').description('where everything is remembered');
  const move = store
    .command('move')
    .description(
      'copy everything into another, empty database and check it, with the daemon stopped; what is there now stays',
    )
    .requiredOption('--to <place>', 'a file, mysql://USER:PASSWORD@HOST/DATABASE, or - to read it from stdin');
  changing(move).action(act(moveStore));
  const pepper = store
    .command('pepper')
    .description('is the secret of this machine the one that PINs are kept with? With the daemon stopped')
    .option('--ours', 'from now on it is; PINs that were set with another are wrong, until each has a new one');
  changing(pepper).action(act(storePepper));
}

async function storePepper(session: Session, { ours, dryRun }: DryRun & { readonly ours?: boolean }): Promise<Outcome> {
  const { product } = session.world;
  const shape = await product.storePepper(session.config(), { by: session.by, ...given({ ours, dryRun }) });
  return { text: pepperText(shape, dryRun === true), json: shape };
}

function pepperText({ file, ours, pbx, since, changed }: PepperShape, dryRun: boolean): string {
  const whose = say`that of ${pbx ?? ''}, since ${since ?? ''}`;
  if (changed && dryRun) return say`${file} would count instead of ${whose}. Nothing was changed.`;
  if (changed) {
    return lines(
      say`${file} counts from now on, instead of ${whose}.`,
      'PINs that were set with the other one are wrong now: tollgate account pin NUMBER',
    );
  }
  if (since === null) return say`Nobody has started with this store yet: ${file} will count as soon as Tollgate does.`;
  if (ours) return say`PINs are kept with ${file}: ${whose}.`;
  return lines(
    say`PINs are kept with another pepper than ${file}: ${whose}.`,
    'Put the file pepper of that PBX, or of its backup, in its place; if this one is the right one: tollgate store pepper --ours',
  );
}

async function moveStore(session: Session, { to, dryRun }: MoveAsked): Promise<Outcome> {
  const { product, terminal } = session.world;
  const place = to === '-' ? firstLine(await terminal.readStdin()) : to;
  const shape = await product.moveStore(session.config(), { to: place, ...given({ dryRun }) });
  const rows = shape.tables.map(({ name, rows, sha256 }): Cell[] => [name, String(rows), sha256.slice(0, HASH_SHOWN)]);
  const text = lines(
    table(session.screen, [{ head: 'TABLE' }, { head: 'ROWS' }, { head: 'SHA-256' }], rows),
    dryRun
      ? say`This would be copied into ${shape.to}. Nothing was changed.`
      : say`Copied into ${shape.to} and compared: the same rows, the same hashes.`,
    dryRun ? undefined : lines('What is left to do:', ...shape.next.map((line) => say`  ${line}`)),
  );
  return { text, json: shape };
}

function firstLine(text: string): string {
  const [line = ''] = text.split(/\r?\n/);
  if (line !== '') return line;
  throw new AppError('MISUSED', 'no place came on stdin', 'write it there as one line, or after --to');
}
