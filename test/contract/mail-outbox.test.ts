/** The outbox between a real store and a real mail server: every letter arrives, and once. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPost, type Post } from '../../src/mail/open';
import { openStore } from '../../src/store/open';
import { fakeClock, type FakeClock } from '../support/fake-clock';
import { LETTER, relayAt, SETTINGS } from '../support/mail-fixtures';
import { openMailServer, type Behaviour, type MailServer } from '../support/mail-server';
import { memoryLetters, type Letters } from '../support/memory-letters';
import { until } from '../support/until';

interface Keeper {
  readonly letters: Letters;
  close(): Promise<void>;
}

function inMemory(): Promise<Keeper> {
  return Promise.resolve({ letters: memoryLetters(), close: () => Promise.resolve() });
}

async function inSqlite(clock: FakeClock): Promise<Keeper> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-outbox-'));
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'tollgate.db'), clock });
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { letters: store, close };
}

const keepers: [string, (clock: FakeClock) => Promise<Keeper>][] = [
  ['memory', inMemory],
  ['SQLite', inSqlite],
];
const MINUTE = 60_000;

describe.each(keepers)('the outbox over %s', (_name, openKeeper) => {
  let clock: FakeClock;
  let keeper: Keeper;
  let cleanups: (() => Promise<void>)[];
  beforeEach(async () => {
    clock = fakeClock();
    keeper = await openKeeper(clock);
    cleanups = [];
  });
  afterEach(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
    await keeper.close();
  });

  async function serve(behaviour: (letter: number) => Behaviour = () => 'take', port = 0): Promise<MailServer> {
    const server = await openMailServer({ behaviour, port });
    cleanups.push(() => server.close());
    return server;
  }
  async function begin(port: number): Promise<Post> {
    const settings = { ...SETTINGS, relay: relayAt(port) };
    const post = openPost(settings, { store: keeper.letters, clock, random: randomBytes, log: () => undefined });
    await post.start();
    cleanups.push(() => post.stop());
    return post;
  }
  async function queue(post: Post, count = 1): Promise<void> {
    for (let i = 0; i < count; i++) await keeper.letters.queueLetter(LETTER, post.newMessageId(), clock.now());
    post.poke();
  }
  /** Moves the clock in steps, as it does in life, until the store says so. */
  async function untilCounts(expected: Partial<Awaited<ReturnType<Letters['letterCounts']>>>, stepMs = 1000) {
    let counts = {};
    for (let step = 0; step < 2000; step++) {
      await clock.advance(stepMs);
      counts = await keeper.letters.letterCounts();
      if (Object.entries(counts).every(([key, value]) => (expected[key as keyof typeof expected] ?? value) === value))
        return;
      await sleep(5);
    }
    throw new Error(`the store never said ${JSON.stringify(expected)} but ${JSON.stringify(counts)}`);
  }
  const ids = (letters: MailServer['read']) => letters.map(({ headers }) => headers['message-id']);

  it('sends at once what is queued', async () => {
    const server = await serve();
    const post = await begin(server.port);
    await queue(post);
    await until(() => server.arrived.length === 1, 'the letter'); // the clock stands still
    await untilCounts({ sent: 1, waiting: 0 });
    expect(await post.state()).toMatchObject({ lastSuccess: expect.any(Date) as Date, lastError: undefined });
  });

  it('sends what was queued while nobody was there', async () => {
    const server = await serve();
    await keeper.letters.queueLetter(LETTER, '<early@pbx.example.net>', clock.now());
    await begin(server.port);
    await until(() => server.arrived.length === 1, 'the letter');
    expect(ids(server.arrived)).toEqual(['<early@pbx.example.net>']);
  });

  it('sends again after a 4xx, as the same letter', async () => {
    const server = await serve((letter) => (letter < 2 ? 451 : 'take'));
    await queue(await begin(server.port));
    await untilCounts({ sent: 1, waiting: 0 }, 10_000);
    expect(server.read).toHaveLength(3);
    expect(new Set(ids(server.read)).size).toBe(1);
  });

  it('gives up after a 5xx, keeps the words, and does not try again', async () => {
    const server = await serve(() => 550);
    const post = await begin(server.port);
    await queue(post);
    await untilCounts({ failed: 1, waiting: 0 });
    expect((await post.state()).lastError).toContain('those are the server’s words');
    await clock.advance(60 * MINUTE);
    expect(server.read).toHaveLength(1);
  });

  it('a letter that cannot go does not hold up another', async () => {
    const server = await serve((letter) => (letter === 0 ? 451 : 'take'));
    const post = await begin(server.port);
    await queue(post);
    await until(() => server.read.length === 1, 'the first letter');
    await queue(post);
    await until(() => server.arrived.length === 1, 'the second letter'); // the clock stands still
  });

  it('waits for a server that is down', async () => {
    const gone = await openMailServer();
    await gone.close();
    const post = await begin(gone.port);
    await queue(post, 5);
    await until(() => clock.sleepers > 0, 'the outbox to wait');
    await clock.advance(MINUTE);
    expect(await post.state()).toMatchObject({ waiting: 5, failed: 0, sent: 0, lastSuccess: undefined });
    const server = await serve(undefined, gone.port);
    await untilCounts({ sent: 5, waiting: 0 }, 10_000);
    expect(new Set(ids(server.arrived)).size).toBe(5);
  });

  it('sends a letter again when the connection was cut before the answer', async () => {
    const server = await serve((letter) => (letter === 0 ? 'cut' : 'take'));
    await queue(await begin(server.port));
    await untilCounts({ sent: 1, waiting: 0 }, 10_000);
    const [first, second] = ids(server.read);
    expect(server.read).toHaveLength(2);
    expect(first).toBe(second);
  });

  it('does not when it was cut after the answer', async () => {
    const server = await serve(() => 'take and cut');
    await queue(await begin(server.port));
    await untilCounts({ sent: 1, waiting: 0 });
    await clock.advance(60 * MINUTE);
    expect(server.read).toHaveLength(1);
  });

  it('brings a hundred letters, each once, a few at a time', async () => {
    const server = await serve();
    const post = await begin(server.port);
    await queue(post, 100);
    await until(() => server.arrived.length === 100, 'a hundred letters', 30_000); // by itself: the clock stands still
    await untilCounts({ sent: 100, waiting: 0 });
    expect(new Set(ids(server.arrived)).size).toBe(100);
    expect(server.mostAtOnce).toBeLessThanOrEqual(6); // three at once, while earlier ones say goodbye
  }, 60_000);

  it('started again in the middle sends nothing twice and forgets nothing', async () => {
    const server = await serve();
    const first = await begin(server.port);
    await queue(first, 20);
    await until(() => server.arrived.length >= 4, 'the first letters');
    await first.stop();
    expect(server.arrived.length).toBeLessThan(20);
    expect(await keeper.letters.letterCounts()).toMatchObject({ sent: server.arrived.length });
    await begin(server.port);
    await untilCounts({ sent: 20, waiting: 0 });
    expect(server.read).toHaveLength(20);
    expect(new Set(ids(server.read)).size).toBe(20);
  }, 30_000);

  it('is stopped although the server never answers, and the letter stays', async () => {
    const server = await serve(() => 'silence');
    const post = await begin(server.port);
    await queue(post);
    await until(() => server.read.length === 1, 'the letter');
    const stopped = post.stop();
    await clock.advance(MINUTE);
    await stopped;
    expect(await keeper.letters.letterCounts()).toMatchObject({ waiting: 1, lastError: undefined });
  });
});
