import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followLog, type LogTail } from '../../src/asterisk/log-tail';
import { clock } from '../../src/clock';
import { until } from '../support/until';

let folder: string, file: string, lines: string[], told: string[], tail: LogTail | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-log-'));
  file = join(folder, 'messages');
  [lines, told] = [[], []];
});
afterEach(async () => {
  await tail?.stop();
  rmSync(folder, { recursive: true });
});
/** Half a second in the world is five milliseconds here. */
const quick = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms / 100, signal) };
const follow = () =>
  (tail = followLog(file, (line) => lines.push(line), { clock: quick, log: (event) => told.push(event) }));
const seen = (...expected: string[]) => until(() => lines.join() === expected.join(), expected.join());
/** It has been looked at, so that what comes now is new. */
const looked = async () => {
  appendFileSync(file, 'ready\n');
  await until(() => {
    if (!lines.includes('ready')) appendFileSync(file, 'ready\n');
    return lines.includes('ready');
  }, 'the first line');
  await new Promise((resolve) => setTimeout(resolve, 30));
  lines.length = 0;
};

it('tells lines that are added, and none that were there', async () => {
  writeFileSync(file, 'old\n');
  follow();
  await looked();
  appendFileSync(file, 'one\ntw');
  await seen('one');
  appendFileSync(file, 'o\nthree\n');
  await seen('one', 'two', 'three');
});

it('goes on with the new file when it is rotated, and with the same when it is emptied', async () => {
  writeFileSync(file, '');
  follow();
  await looked();
  appendFileSync(file, 'one\n');
  await seen('one');
  renameSync(file, `${file}.1`);
  writeFileSync(file, 'two\n');
  await seen('one', 'two');
  truncateSync(file);
  await new Promise((resolve) => setTimeout(resolve, 30));
  appendFileSync(file, 'three\n');
  await seen('one', 'two', 'three');
});

it('says why it cannot be read, once each time, and reads it from its start when it comes', async () => {
  follow();
  await until(() => tail?.fault?.includes('ENOENT') === true, 'the fault');
  writeFileSync(file, 'one\n');
  await seen('one');
  expect(tail?.fault).toBeUndefined();
  rmSync(file);
  await until(() => told.length === 2, 'that it is gone');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toEqual(['log-not-read', 'log-not-read']);
});

it('leaves out a line that never ends, and keeps no more of it', async () => {
  writeFileSync(file, '');
  follow();
  await looked();
  appendFileSync(file, `${'x'.repeat(300_000)}\none\n`);
  await seen('one');
});

it('reads megabytes at once', async () => {
  writeFileSync(file, '');
  follow();
  await looked();
  appendFileSync(file, 'line\n'.repeat(1_000_000));
  await until(() => lines.length === 1_000_000, 'a million lines');
});
