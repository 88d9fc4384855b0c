import { PassThrough } from 'node:stream';
import { terminalOf } from '../../src/cli/terminal';

function terminal(isTTY: boolean) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 20 });
  const made = terminalOf({
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    on: () => undefined,
    off: () => undefined,
  });
  return { made, text: () => String(stderr.read() ?? '') };
}

describe('progress', () => {
  it('is one line that the next one replaces, never longer than the screen, and nothing at its end', () => {
    const { made, text } = terminal(true);
    made.progress('download [####....] 50 %');
    made.progress(undefined);
    expect(text()).toBe('\rdownload [####....]\u001b[K\r\u001b[K');
  });
  it('is nothing where nobody looks', () => {
    const { made, text } = terminal(false);
    made.progress('download');
    expect(text()).toBe('');
  });
});
