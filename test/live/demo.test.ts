/** `npm run demo -- --json`, as a script would start it; and what is left when it is cut short. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Story } from '../../src/lab/story';
import { leftBehind, MARK, takeStock } from '../../src/lab/remains';
import { run } from '../../src/run';

const ROOT = join(__dirname, '../..');
const STEPS = [
  'hotel silent',
  'stranger silent',
  'call',
  'hotel registers',
  'stranger still silent',
  'mail',
  'firewall',
  'lease ends',
  'hotel silent again',
  'nothing left behind',
];
/** Tells these stories from others that are played on this machine. */
const OUR_MARK = randomUUID();

jest.setTimeout(300_000);

let before: Awaited<ReturnType<typeof stock>>;
beforeEach(async () => {
  before = await stock();
});
afterEach(async () => {
  expect(await leftBehind(run, before.remains, OUR_MARK)).toEqual([]);
  expect(await runFolder()).toEqual(before.run);
});

async function stock() {
  return { remains: await takeStock(run), run: await runFolder() };
}

/** Without util-linux's own record, which the first `mount` of a machine makes. */
async function runFolder(): Promise<readonly string[]> {
  return (await readdir('/run')).filter((name) => name !== 'mount');
}

it('plays the whole story and prints its JSON alone', async () => {
  const demo = start('npm', ['run', 'demo', '--', '--json']);
  const [code, out, err] = [await demo.code, demo.out(), demo.err()];
  expect([code, code === 0 ? '' : err]).toEqual([0, '']);
  const story = JSON.parse(out) as Story;
  expect(Object.keys(story)).toEqual(['ok', 'steps', 'call', 'door']);
  expect(story.steps.map(({ name, ok }) => [name, ok])).toEqual(STEPS.map((name) => [name, true]));
  for (const step of story.steps) {
    expect(Object.keys(step)).toEqual(['name', 'ok', 'ms', 'detail']);
    expect(step.detail).not.toBe('');
    expect(step.ms).toBeGreaterThanOrEqual(0);
    expect(step.ms).toBeLessThan(90_000);
  }
  expect(story).toMatchObject({ ok: true, call: { keys: '12#••••••••#198*51*100*77#1' } });
  // Asterisk plays a minute of prompts and keys, and the door is open before the next word.
  expect(story.call?.seconds).toBeGreaterThan(15);
  expect(story.call?.seconds).toBeLessThan(60);
  expect(story.door?.openedAfterMs).toBeGreaterThanOrEqual(0);
  expect(story.door?.openedAfterMs).toBeLessThan(2_000);
  // What a person reads meanwhile is on stderr, and the PIN is not in it.
  expect(err).toContain('“Please enter your account number.');
  expect(err).toContain('keys  • • • • • • • • #');
  expect(err).not.toMatch(/7 ?3 ?9 ?1 ?4 ?6 ?2 ?8/);
});

it('leaves nothing behind when it is killed in the middle', async () => {
  const demo = start(process.execPath, ['dist/src/main.js', 'demo', '--json']);
  await demo.tells('ok      hotel silent');
  expect(await leftBehind(run, before.remains, OUR_MARK, 0)).not.toEqual([]);
  demo.child.kill('SIGKILL');
  await demo.code;
  expect(demo.out()).toBe('');
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('keeps the steps that were played when %s ends it, and ends with %i', async (signal, code) => {
  const demo = start(process.execPath, ['dist/src/main.js', 'demo', '--json']);
  await demo.tells('ok      hotel silent');
  demo.child.kill(signal);
  expect(await demo.code).toBe(code);
  const story = JSON.parse(demo.out()) as Story;
  expect(story.steps.map(({ name, ok }) => [name, ok])).toEqual([
    ['hotel silent', true],
    ['story', false],
    ['nothing left behind', true],
  ]);
  expect(story.ok).toBe(false);
});

interface Demo {
  readonly child: ChildProcess;
  readonly code: Promise<number | null>;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when stderr holds these words; rejects when it ends without. */
  readonly tells: (words: string) => Promise<void>;
}

function start(file: string, args: readonly string[]): Demo {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...process.env, [MARK]: OUR_MARK },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const code = once(child, 'close').then(([status]) => status as number | null);
  return {
    ...{ child, code, out: () => out, err: () => err },
    tells: (words) =>
      new Promise((resolve, reject) => {
        const look = () => err.includes(words) && resolve();
        child.stderr.on('data', look);
        child.on('close', () => reject(new Error(`it ended without telling "${words}": ${err}`)));
        look();
      }),
  };
}
