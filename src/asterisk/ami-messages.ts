/** Whole messages for the library that reads what Asterisk's manager interface sends, without what it would misread. */

/**
 * Characters between two ends of lines. The longest thing in a line of Asterisk's is out of one SIP message, of which it
 * reads 65,535 bytes, all else in it included.
 */
const MOST_LINE = 64 * 1024;
/** Characters of one message. The longest answers are sections of pjsip.conf, of which we ask for those of trunks alone. */
const MOST_MESSAGE = 1024 * 1024;
/**
 * Lines of one message: more than the longest has, and than a caller's name of 64 KiB makes where it stands four times.
 * The library takes them one by one from the front of an array, which takes half a minute with three hundred thousand.
 */
const MOST_LINES = 100_000;

/**
 * The function returned takes the next piece and gives the messages that it completed, '' for none; undefined when a line
 * or a message has become longer than any of Asterisk's.
 *
 * The library reads an unfinished message anew with every piece, ends a line at LF alone, where Asterisk writes CR and LF,
 * and reads nothing more after a `Response: Follows`, which Asterisk has not sent since 14: so a long answer would keep
 * everything else waiting, and a caller's name could cut messages, or make us deaf.
 */
export function messageReader(): (piece: string) => string | undefined {
  let rest = '';
  let lines: string[] = [];
  let size = 0;
  return (piece) => {
    // Only what is new is looked through: a line may come in as many pieces as it has characters.
    const hasEnd = piece.includes('\r\n') || (piece.startsWith('\n') && rest.endsWith('\r'));
    rest += piece;
    size += piece.length;
    const come = hasEnd ? rest.split('\r\n') : [rest];
    if (size > MOST_MESSAGE || come.some(({ length }) => length > MOST_LINE)) return undefined;
    if (lines.length + come.length > MOST_LINES) return undefined;
    rest = come.pop() ?? '';
    const end = come.lastIndexOf('') + 1; // an empty line ends a message
    const clean = come.map(cleaned);
    if (end === 0) {
      for (const line of clean) lines.push(line);
      return '';
    }
    const whole = [...lines, ...clean.slice(0, end), ''].join('\r\n');
    lines = clean.slice(end);
    size = rest.length + lines.join('\r\n').length;
    return whole;
  };
}

function cleaned(line: string): string {
  return line.replaceAll('\n', ' ').replace(/^response:(?=[^]*follow)/i, 'Text:');
}
