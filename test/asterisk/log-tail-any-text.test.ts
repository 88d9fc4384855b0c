/** Whatever is written, and however the log is put aside: each whole line is told once, in its order, and nothing else. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { followLog } from '../../src/asterisk/log-tail';
import { clock } from '../../src/clock';

/** Half a second is over when it is told so, which resolves when the next one has begun. */
function halfSeconds() {
  let [begun, wake] = [(): void => undefined, (): void => undefined];
  let beginning = new Promise<void>((resolve) => (begun = resolve));
  const sleep = (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (signal) signal.onabort = () => resolve();
      begun();
    });
  return {
    clock: { ...clock, sleep },
    async next() {
      await beginning;
      beginning = new Promise((resolve) => (begun = resolve));
      wake();
      await beginning;
    },
  };
}

/** Of what was written into one file, one after another. */
function wholeLines(written: readonly Uint8Array[]): readonly string[] {
  const lines = Buffer.concat(written).toString('latin1').split('\n').slice(0, -1);
  return lines.filter((line) => line.length <= 8192).map((line) => Buffer.from(line, 'latin1').toString());
}

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc
    .constantFrom('\n', '\n\n', 'one\n', 'tw', 'ü\n', '\r\n', 'x'.repeat(4000), 'x'.repeat(8192), 'y'.repeat(70_000))
    .map((text) => Buffer.from(text)),
);
/** What Asterisk and logrotate do: until it is told to reopen it, Asterisk goes on with the file that was put aside. */
const happening = fc.oneof(
  { weight: 6, arbitrary: piece },
  { weight: 2, arbitrary: fc.constant('look' as const) },
  fc.constantFrom('move' as const, 'move and create' as const, 'reopen' as const, 'empty' as const),
);

it('a log is told line by line through rotation, truncation and absence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-log-'));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.array(happening, { maxLength: 40 }), async (before, happenings) => {
      const file = join(folder, `${++runs}`);
      writeFileSync(file, Buffer.concat(before));
      const lines: string[] = [];
      const half = halfSeconds();
      const tail = followLog(file, (line) => lines.push(line), { clock: half.clock, log: () => undefined });
      await half.next();
      const files: Uint8Array[][] = [[]];
      let writesTo = file;
      let moved = 0;
      const write = (bytes: Uint8Array) => {
        appendFileSync(writesTo, bytes);
        files.at(-1)?.push(bytes);
      };
      const isOpen = () => writesTo === file;
      for (const what of happenings) {
        if (typeof what !== 'string') write(what);
        else if (what === 'look') await half.next();
        else if (what === 'reopen' && !isOpen()) {
          writesTo = file;
          files.push([]);
          write(Buffer.from('reopened\n'));
        } else if (what.startsWith('move') && isOpen()) {
          await half.next(); // who is put aside within half a second after he was made is not seen at all
          renameSync(file, (writesTo = `${file}.${++moved}`));
          if (what === 'move and create') writeFileSync(file, '');
        } else if (what === 'empty' && isOpen()) {
          await half.next();
          truncateSync(file);
          await half.next(); // filled as far again by then, it looks the same
          files.push([]);
        }
      }
      await half.next();
      await half.next();
      await tail.stop();
      const begins = Buffer.concat(before).at(-1);
      const first = begins === undefined || begins === 10 ? [] : [Buffer.from('x'.repeat(9000))];
      const [started = [], ...others] = files;
      expect(lines).toEqual([[...first, ...started], ...others].flatMap(wholeLines));
    }),
    { numRuns: 200, examples: [[[], ['move', 'reopen', 'empty']]] },
  );
  rmSync(folder, { recursive: true });
});

it.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
])('%s in its place is told as a fault, and ends nothing', async (_name, make) => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-log-'));
  const file = join(folder, 'messages');
  make(file);
  const [half, told] = [halfSeconds(), [] as string[]];
  const tail = followLog(file, () => undefined, { clock: half.clock, log: (event) => told.push(event) });
  await half.next();
  await half.next();
  expect([tail.fault, told]).toEqual([`${file} is no file`, ['log-not-read']]);
  await tail.stop();
  rmSync(folder, { recursive: true });
});
