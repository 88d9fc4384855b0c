/** BENCHMARKS.md: a table for each section, of which only those just measured are written anew. */
import { number, type Row } from './row';
import type { Ratio } from './statistics';

export interface Measured {
  readonly section: string;
  readonly rows: readonly Row[];
  /** When, on what, how busy. */
  readonly circumstances: readonly string[];
}

const HEAD = `# Benchmarks

Written by \`npm run bench\` (\`npm run bench -- door\` measures one section alone). Variants take turns within one run; a
ratio is the median of the rounds' own ratios, with the least and the greatest of them behind it. Milliseconds are
medians; behind them the 99th percentile and of how many values, or of fewer than 100 values the greatest. Times on a busy machine are those of a busy machine: the load stands with each table.
`;

export function table(rows: readonly Row[]): string[][] {
  return rows.map(({ what, against, ours, theirs, ratio, goal }) => [
    what,
    ours,
    against === undefined ? '' : `${against}: ${theirs ?? ''}`,
    ratio ? `${number(ratio.value)} (${spreadOf(ratio)})` : '',
    goal?.text ?? '',
    goal === undefined ? '' : goal.met ? 'yes' : '**no**',
  ]);
}

function spreadOf({ low, high, rounds }: Ratio): string {
  return rounds === 1 ? 'one round' : `${number(low)} to ${number(high)}`;
}

const COLUMNS = ['what', 'measured', 'against', 'times', 'goal', 'met'];

/** `before`: the file as it was, if it was. */
export function report(before: string, measured: readonly Measured[]): string {
  const kept = new Map(
    before
      .split(/^(?=## )/m)
      .filter((part) => part.startsWith('## '))
      .map((part) => [/^## (\S+)/.exec(part)?.[1] ?? '', part.trim()] as const),
  );
  for (const one of measured) kept.set(one.section, section(one));
  return [HEAD, ...kept.values(), ''].join('\n\n');
}

function section({ section: name, rows, circumstances }: Measured): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const head = [line(COLUMNS), line(COLUMNS.map(() => '---'))];
  const listed = circumstances.map((one) => `- ${one}`);
  return [`## ${name}`, '', ...head, ...table(rows).map(line), '', ...listed].join('\n');
}
