/** The values of options, read from what was typed. Each throws MISUSED with what to write instead. */
import type { Command } from 'commander';
import { parseDuration } from '../domain/duration';
import { AppError } from '../errors';

/** Every changing command has it. */
export interface DryRun {
  readonly dryRun?: boolean;
}

export function changing(command: Command): Command {
  return command.option('--dry-run', 'show what would happen, change nothing');
}

/** Seconds of `90m 8h 3d 2w`. */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new AppError('MISUSED', `"${text}" is no duration`, 'write 90m, 8h, 3d or 2w');
}

/** Comma lists that may be repeated; '' empties the list. */
export function list(text: string, before: readonly string[] = []): readonly string[] {
  const more = text.split(',').map((each) => each.trim());
  return [...before, ...more.filter((each) => each !== '')];
}

/** Words that belong together, as `192.0.2.0 255.255.255.0`, without quotes around them. */
export function together(word: string, before?: string): string {
  return before === undefined ? word : `${before} ${word}`;
}

/** A whole number from 1 on. */
export function amount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new AppError('MISUSED', `"${text}" is no whole number from 1 on`, 'write it in digits');
}
