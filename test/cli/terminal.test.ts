import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { askHidden } from '../../src/cli/ask-hidden';
import { sshConnection } from '../../src/cli/ssh-connection';
import { terminalOf } from '../../src/cli/terminal';

const DEAF = { on: () => undefined, off: () => undefined };

function keyboard() {
  const raw: boolean[] = [];
  const keys = Object.assign(new PassThrough(), {
    isTTY: true as const,
    setRawMode: (on: boolean) => void raw.push(on),
  });
  return { keys, raw };
}

function screen() {
  const stream = new PassThrough();
  return { stream, text: () => String(stream.read() ?? '') };
}

describe('what is typed unseen', () => {
  const table: readonly (readonly [string, string])[] = [
    ['58392017\r', '58392017'],
    ['5839\u007f\u007f02\r', '5802'],
    ['1234\u001556\n', '56'],
  ];
  it.each(table)('%j reads %s and shows nothing of it', async (typed, line) => {
    const [{ keys, raw }, { stream, text }] = [keyboard(), screen()];
    const asked = askHidden(keys, stream, 'New PIN: ');
    for (const key of typed) keys.write(key);
    expect(await asked).toBe(line);
    expect(text()).toBe('New PIN: \n');
    expect(raw).toEqual([true, false]);
  });

  it('keeps what was typed ahead for the next question', async () => {
    const [{ keys }, { stream }] = [keyboard(), screen()];
    const first = askHidden(keys, stream, '');
    keys.write('12\r34\r');
    expect(await first).toBe('12');
    expect(await askHidden(keys, stream, '')).toBe('34');
  });

  it.each(['\u0003', '\u0004'])('%j ends it, and the terminal is as it was', async (key) => {
    const [{ keys, raw }, { stream }] = [keyboard(), screen()];
    const asked = askHidden(keys, stream, '');
    keys.write(`123${key}`);
    await expect(asked).rejects.toThrow('nothing was typed to the end');
    expect(raw).toEqual([true, false]);
  });

  it('ends when the terminal goes away', async () => {
    const [{ keys }, { stream }] = [keyboard(), screen()];
    const asked = askHidden(keys, stream, '');
    keys.end('123');
    await expect(asked).rejects.toThrow('nothing was typed to the end');
  });
});

describe('the terminal', () => {
  it('reads all that is piped in', async () => {
    const stdin = new PassThrough();
    const terminal = terminalOf({ stdin, stdout: new PassThrough(), stderr: new PassThrough(), ...DEAF });
    stdin.write('58392');
    stdin.end('017\n');
    expect(await terminal.readStdin()).toBe('58392017\n');
    expect(terminal).toMatchObject({ watched: false, interactive: false, columns: 80 });
  });

  it('turns Ctrl-C and SIGTERM into a stop, and takes what npm hands on besides for the same wish', () => {
    jest.useFakeTimers();
    const signals = new EventEmitter();
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    const on = signals.on.bind(signals);
    const stop = terminalOf({ ...streams, on, off: signals.off.bind(signals) }).stopSignal();
    expect(signals.emit('SIGINT')).toBe(true);
    expect([stop.aborted, stop.reason]).toEqual([true, 'SIGINT']);
    jest.advanceTimersByTime(900);
    expect(signals.emit('SIGINT')).toBe(true);
    jest.advanceTimersByTime(200);
    expect(signals.emit('SIGINT')).toBe(false); // nobody listens: it ends the process
    expect(signals.emit('SIGTERM')).toBe(true);
    jest.useRealTimers();
  });
});

describe('where the admin comes from', () => {
  it('is told by SSH_CONNECTION', () => {
    const connection = '198.51.100.7 50000 192.0.2.1 22';
    expect(sshConnection({ SSH_CONNECTION: connection }, process.pid)).toBe(connection);
  });

  it('is a console for a process without parents that tell', () => {
    expect(sshConnection({}, 1)).toBeUndefined();
  });
});
