/** One argument of an AGI command, as Asterisk's `parse_args` reads it back. */

/**
 * A line break would start a second command (`EXEC System` is a shell on the PBX), so control characters are an error
 * and never stripped.
 */
export function quote(argument: string | number): string {
  const text = String(argument);
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new RangeError(`an AGI argument may not hold control characters: ${JSON.stringify(text)}`);
  }
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
