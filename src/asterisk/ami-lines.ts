/** Whole lines for the library that reads Asterisk's messages, without what it would misread. */

/**
 * The function returned takes the next piece and gives the lines it completed. The library ends a line at LF alone, where
 * Asterisk writes CR and LF, and reads nothing more after a `Response: Follows`, which Asterisk has not sent since 14: so
 * a caller's name could cut messages, or make us deaf.
 */
export function lineCleaner(): (piece: string) => string {
  let rest = '';
  return (piece) => {
    const end = piece.lastIndexOf('\n') + 1;
    const whole = end === 0 ? '' : rest + piece.slice(0, end);
    rest = end === 0 ? rest + piece : piece.slice(end);
    return whole.replace(/(?<!\r)\n/g, ' ').replace(/^response:(?=.*follow)/gim, 'Text:');
  };
}
