/** Whole messages for the library that reads what Asterisk's manager interface sends, without what it would misread. */

/**
 * Characters between two ends of lines. The longest thing in a line of Asterisk's is out of one SIP message, of which it
 * reads 65,535 bytes, all else in it included.
 */
const MOST_LINE = 64 * 1024;
/** Characters of one message. The longest answers are sections of pjsip.conf, of which we ask for those of trunks alone. */
const MOST_MESSAGE = 1024 * 1024;

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
    rest += piece;
    size += piece.length;
    const come = piece.includes('\n') ? rest.split('\r\n') : [rest];
    if (size > MOST_MESSAGE || come.some(({ length }) => length > MOST_LINE)) return undefined;
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
