/** Foreign text made harmless for a terminal, a log line or a mail. */

/** Controls, directions, line separators, what nobody sees (zero width, tags) and halves of surrogate pairs. */
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Those characters as `\u001b`, which JSON reads as itself; a foreign name can neither move the cursor nor add a line. */
export function printable(text: string): string {
  return text.replace(HARMFUL, (char) => (char === '\n' ? '\\n' : char.split('').map(escaped).join('')));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
