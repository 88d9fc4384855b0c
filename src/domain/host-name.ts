/** Host names, in the one text form that the store and the resolver see. */
import { domainToASCII } from 'node:url';

/** In characters, as DNS has it. */
const LONGEST_NAME = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * Reads a name of at least two labels: lower case, without a dot at its end, other scripts in their ASCII form
 * (`xn--…`). Undefined when it is none, as every address.
 */
export function parseHostName(text: string): string | undefined {
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(text)) return undefined;
  const plain = text.replace(/\.$/, '').toLowerCase();
  const name = /^[\0-\x7f]*$/.test(plain) ? plain : domainToASCII(plain);
  const labels = name.split('.');
  if (labels.length < 2 || name.length > LONGEST_NAME || !labels.every((label) => LABEL.test(label))) return undefined;
  return /^\d+$/.test(labels.at(-1) ?? '') ? undefined : name;
}
