/** JSON as it is printed: foreign text in it cannot reach a terminal's controls either. */
import { printable } from '../domain/printable';

/** Indented, for a whole answer. `printable` writes `\u009b` as JSON does, so it stays JSON with the same value. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(printable).join('\n');
}

/** One line, for a stream of values. */
export function jsonLine(value: unknown): string {
  return printable(JSON.stringify(value));
}
