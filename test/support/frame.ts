/** A manager message from its text, as the adapter hands it on. */
import { readFrame, type Frame } from '../../src/asterisk/ami-frame';

export function frame(text: string): Frame {
  const lines = text.split('\n').filter((line) => line !== '');
  return readFrame(
    Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(': ')).toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
    ),
  );
}
