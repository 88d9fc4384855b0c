/** Reads a line from a terminal without showing it. */
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../errors';

type Keyboard = Readable & { setRawMode?(raw: boolean): unknown };

const [CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE] = ['\u0003', '\u0004', '\u0015', '\b', '\u007f'];

/** Resolves to what was typed before Enter; rejects with MISUSED on Ctrl-C, or when the terminal goes away. */
export function askHidden(keyboard: Keyboard, screen: Writable, question: string): Promise<string> {
  screen.write(question);
  keyboard.setRawMode?.(true);
  return new Promise((resolve, reject) => {
    let line = '';
    const end = (settle: () => void) => {
      keyboard.off('data', take).off('end', gone).pause();
      keyboard.setRawMode?.(false);
      screen.write('\n');
      settle();
    };
    const gone = () =>
      end(() => reject(new AppError('MISUSED', 'nothing was typed to the end', 'type the command again')));
    const take = (chunk: Buffer | string) => {
      for (const [i, key] of Array.from(chunk.toString()).entries()) {
        if (key === '\r' || key === '\n') {
          const rest = Array.from(chunk.toString()).slice(i + 1).join(''); // prettier-ignore
          end(() => resolve(line));
          if (rest !== '') keyboard.unshift(Buffer.from(rest)); // typed ahead: for the next question
          return;
        }
        if (key === CTRL_C || key === CTRL_D) {
          gone();
          return;
        }
        if (key === CTRL_U) line = '';
        else line = key === BACKSPACE || key === DELETE ? line.slice(0, -1) : line + key;
      }
    };
    keyboard.on('data', take).on('end', gone).resume();
  });
}
