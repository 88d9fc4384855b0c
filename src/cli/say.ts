/** Sentences with foreign text in them. */
import { printable } from '../domain/printable';

/** A template tag: what is put in is made printable, what the template itself says stays as it is. */
export function say(texts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return texts.map((text, i) => text + printable(String(values[i] ?? ''))).join('');
}

/** The lines that say something. */
export function lines(...all: readonly (string | undefined)[]): string {
  return all.filter((line) => line !== undefined && line !== '').join('\n');
}

/** `1 door`, `2 doors`. */
export function count(amount: number, one: string, more = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : more}`;
}
