/** Whole lines out of a stream of bytes, however it is cut into chunks. */
import { AppError } from '../errors';

const NEWLINE = 10;

/** The function returned takes the next chunk and gives the lines it completed. Throws AGI_FAILED above `mostBytes`. */
export function lineReader(mostBytes: number): (chunk: Buffer) => string[] {
  let pieces: Buffer[] = [];
  let size = 0;
  const keep = (piece: Buffer) => {
    size += piece.length;
    if (size > mostBytes) throw tooLong(mostBytes);
    pieces.push(piece);
  };
  return (chunk) => {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, end);
      keep(piece);
      lines.push((pieces.length === 1 ? piece : Buffer.concat(pieces)).toString('utf8').replace(/\r$/, ''));
      pieces = [];
      size = 0;
      from = end + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
    return lines;
  };
}

function tooLong(mostBytes: number): AppError {
  return new AppError(
    'AGI_FAILED',
    `a line of more than ${mostBytes} bytes came`,
    'is it Asterisk that connects here?',
  );
}
