/** Foreign text made harmless for a terminal, a log line or a mail. */

/** Control, direction and line-separator characters as `\u001b`; a foreign name can neither move the cursor nor add a line. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (char) =>
    char === '\n' ? '\\n' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
