/** How wide the screen is, and whether it has colours. */
import { createColors } from 'picocolors';
import type { World } from './product';

export interface Screen {
  /** Infinity when nobody looks: then a row stays one line, for grep. */
  readonly columns: number;
  readonly colours: ReturnType<typeof createColors>;
}

export function screenOf({ terminal, environment }: Pick<World, 'terminal' | 'environment'>): Screen {
  const colourful = terminal.watched && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return { columns: terminal.watched ? terminal.columns : Infinity, colours: createColors(colourful) };
}
