/** Rows that people look at rather than read: columns, no borders, foreign text made printable. */
import Table from 'cli-table3';
import { printable } from '../domain/printable';
import type { Screen } from './screen';

export interface Column {
  /** '' in every column: no row of headings. */
  readonly head: string;
  /** May be broken into lines where the screen is too narrow. */
  readonly wraps?: boolean;
}
type Paint = (text: string) => string;
export type Cell = string | { readonly text: string; readonly paint: Paint };

const GAP = 2;
/** Narrower than this a text is a column of syllables. */
const NARROWEST = 16;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right', 'middle'].flatMap((place) =>
    [place, `${place}-mid`, `${place}-left`, `${place}-right`].map((name) => [name, '']),
  ),
);

export function table(screen: Screen, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const heads = columns.some(({ head }) => head !== '') ? [columns.map(({ head }) => head)] : [];
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)));
  const widths = fit(columns, [...heads, ...texts], screen.columns);
  const grid = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
    colWidths: widths.map((width) => width + GAP),
    wordWrap: true,
  });
  for (const head of heads) grid.push(head.map((text) => screen.colours.dim(text)));
  texts.forEach((row, r) => {
    const painted = row.map((text, c) => paintOf(rows[r]?.[c])(text));
    // a word that is wider than its column is broken, not cut
    grid.push(
      painted.map((content, c) => ({ content, wrapOnWordBoundary: longestWord(row[c] ?? '') <= (widths[c] ?? 0) })),
    );
  });
  const text = grid.toString();
  return text.split('\n').map((line) => line.trimEnd()).join('\n'); // prettier-ignore
}

/** A list of names and values. */
export function facts(screen: Screen, rows: readonly (readonly [string, Cell])[]): string {
  const named = rows.map(([name, value]): Cell[] => [{ text: name, paint: screen.colours.dim }, value]);
  return table(screen, [{ head: '' }, { head: '', wraps: true }], named);
}

function paintOf(cell: Cell | undefined): Paint {
  return typeof cell === 'object' ? cell.paint : (text) => text;
}

/** As wide as the widest text; where that is too wide together, the widest wrapping column gives way first. */
function fit(columns: readonly Column[], rows: readonly (readonly string[])[], screen: number): number[] {
  const widths = columns.map((_, c) => Math.max(1, ...rows.map((row) => widthOf(row[c] ?? ''))));
  const total = () => widths.reduce((sum, width) => sum + width + GAP, -GAP);
  for (;;) {
    const wide = widths.flatMap((width, c) => (columns[c]?.wraps && width > NARROWEST ? [{ width, c }] : []));
    const [widest] = wide.sort((a, b) => b.width - a.width);
    if (!widest || total() <= screen) return widths;
    widths[widest.c] = widest.width - 1;
  }
}

function longestWord(text: string): number {
  return Math.max(0, ...text.split(/\s+/).map(widthOf));
}

/** Cells of a terminal: East Asian characters and pictures take two, combining marks none. */
export function widthOf(text: string): number {
  const wide =
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Extended_Pictographic}\uff01-\uff60]/u;
  return Array.from(text).reduce((sum, char) => sum + (/\p{M}/u.test(char) ? 0 : wide.test(char) ? 2 : 1), 0);
}
