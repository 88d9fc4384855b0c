import type { QueuedLetter } from '../../src/domain/letter';
import { AppError } from '../../src/errors';
import { nextTry, Outbox, type LetterStore } from '../../src/mail/outbox';
import type { Delivery, Posted, Transport } from '../../src/mail/transport';
import { fakeClock } from '../support/fake-clock';
import { LETTER } from '../support/mail-fixtures';
import { memoryLetters } from '../support/memory-letters';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SENT: Delivery = { kind: 'sent', answer: '250 OK' };
const DOWN: Delivery = { kind: 'later', why: 'nobody there', hint: '', down: true };
const NOT_NOW: Delivery = { kind: 'later', why: '451 not now', hint: '', down: false };
const REFUSED: Delivery = { kind: 'refused', why: '550 never', hint: '' };

/** An outbox on fakes; `answer` is asked for each try. */
function scene(answer: (letter: Posted, n: number) => Delivery | Promise<Delivery>, patch: Partial<LetterStore> = {}) {
  const clock = fakeClock();
  const letters = memoryLetters();
  const tries: { readonly messageId: string; readonly at: number }[] = [];
  const start = clock.now().getTime();
  const transport: Transport = {
    send: (letter) => {
      tries.push({ messageId: letter.messageId, at: clock.now().getTime() - start });
      return Promise.resolve(answer(letter, tries.length - 1));
    },
  };
  const logged: string[] = [];
  const log = (event: string) => void logged.push(event);
  const outbox = new Outbox({ store: { ...letters, ...patch }, transport, clock, log });
  const queue = (...names: string[]) =>
    Promise.all(names.map((name) => letters.queueLetter(LETTER, name, clock.now())));
  return { clock, letters, tries, logged, outbox, queue, names: () => tries.map(({ messageId }) => messageId) };
}

describe('when to try again', () => {
  const queuedAt = new Date('2026-11-22T00:00:00Z');
  const after = (tries: number, waitedMs: number) => {
    const now = new Date(queuedAt.getTime() + waitedMs);
    const next = nextTry({ tries, queuedAt } as QueuedLetter, now);
    return next && next.getTime() - now.getTime();
  };
  const table: [string, number, number, number | undefined][] = [
    ['the first failure', 0, 0, 30 * SECOND],
    ['the second', 1, MINUTE, 2 * MINUTE],
    ['the third', 2, 5 * MINUTE, 10 * MINUTE],
    ['the fourth', 3, 15 * MINUTE, HOUR],
    ['the fifth', 4, 2 * HOUR, 4 * HOUR],
    ['the tenth', 9, 24 * HOUR, 4 * HOUR],
    ['one whose next try falls on the end of the third day', 20, 68 * HOUR, 4 * HOUR],
    ['one whose next try falls behind it: never', 20, 68 * HOUR + 1, undefined],
  ];
  for (const [name, tries, waited, expected] of table)
    it(`after ${name}`, () => expect(after(tries, waited)).toBe(expected));
});

describe('the outbox', () => {
  it('tries ever more rarely, for three days, and then keeps the letter with the last words', async () => {
    const { clock, outbox, queue, tries, letters } = scene(() => NOT_NOW);
    await queue('a');
    outbox.start();
    await clock.advance(100 * HOUR);
    const at = tries.map((each) => each.at);
    expect(at.slice(0, 5)).toEqual([0, 30 * SECOND, 150 * SECOND, 750 * SECOND, 4350 * SECOND]);
    expect(at.at(-1)).toBeGreaterThan(68 * HOUR);
    expect(at.at(-1)).toBeLessThanOrEqual(72 * HOUR);
    expect(at).toHaveLength(22);
    expect(await outbox.state()).toMatchObject({ waiting: 0, failed: 1, lastError: '451 not now' });
    expect(letters.row(1).text).toBe(LETTER.text);
    await outbox.stop();
  });

  it('does not use up every letter’s tries on a server that is down', async () => {
    const { clock, outbox, queue, tries } = scene(() => DOWN);
    await queue('a', 'b', 'c', 'd', 'e', 'f', 'g');
    outbox.start();
    await clock.advance(SECOND);
    expect(tries).toHaveLength(3);
    await outbox.stop();
  });

  it('goes on to the next letters at once when one is put off or refused', async () => {
    const { clock, outbox, queue, names } = scene((_, n) => (n < 2 ? NOT_NOW : REFUSED));
    await queue('a', 'b', 'c', 'd', 'e', 'f', 'g');
    outbox.start();
    await clock.advance(0);
    expect(names().sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    await outbox.stop();
  });

  it('has three letters under way and no more', async () => {
    const { clock, outbox, queue, tries } = scene(() => new Promise(() => undefined));
    await queue('a', 'b', 'c', 'd');
    outbox.start();
    await clock.advance(HOUR);
    expect(tries).toHaveLength(3);
  });

  it('a slow letter holds up no other', async () => {
    const { clock, outbox, queue, names } = scene((_, n) => (n === 0 ? new Promise(() => undefined) : SENT));
    await queue('slow', 'b', 'c', 'd', 'e', 'f');
    outbox.start();
    await clock.advance(0);
    expect(names()).toEqual(['slow', 'b', 'c', 'd', 'e', 'f']);
  });

  it('sends at once when it is poked, also while it is looking', async () => {
    const { clock, outbox, queue, names } = scene(() => SENT);
    outbox.start();
    await clock.advance(SECOND);
    await queue('a');
    outbox.poke();
    outbox.poke();
    await clock.advance(0);
    expect(names()).toEqual(['a']);
    await outbox.stop();
  });

  it('finds by itself what was queued without a poke', async () => {
    const { clock, outbox, queue, names } = scene(() => SENT);
    outbox.start();
    await clock.advance(SECOND);
    await queue('a');
    await clock.advance(15 * SECOND);
    expect(names()).toEqual(['a']);
    await outbox.stop();
  });

  it('may be poked before it starts and after it stopped, and then begins nothing', async () => {
    const { clock, outbox, queue, tries } = scene(() => SENT);
    await queue('a');
    outbox.poke();
    await clock.advance(HOUR);
    expect(tries).toEqual([]);
    await outbox.stop();
    outbox.poke();
    await clock.advance(HOUR);
    expect(tries).toEqual([]);
  });

  it('started twice is one outbox', async () => {
    const { clock, outbox, queue, names } = scene(() => SENT);
    await queue('a', 'b');
    outbox.start();
    outbox.start();
    await clock.advance(HOUR);
    expect(names()).toEqual(['a', 'b']);
    await outbox.stop();
  });

  it('does not send a letter twice that ends while the store is answering', async () => {
    const { clock, outbox, queue, names, letters } = scene((letter) => (letter.messageId === 'slow' ? slow : SENT), {
      dueLetters: (now, limit) => later(letters.dueLetters(now, limit)),
    });
    let end: (delivery: Delivery) => void = () => undefined;
    const slow = new Promise<Delivery>((resolve) => (end = resolve));
    let answered: Promise<unknown> = Promise.resolve();
    const later = async <T>(answer: Promise<T>): Promise<T> => {
      const value = await answer;
      await answered;
      return value;
    };
    await queue('slow');
    outbox.start();
    await clock.advance(0);
    let letGo: (value?: unknown) => void = () => undefined;
    answered = new Promise((resolve) => (letGo = resolve));
    outbox.poke(); // the store is asked while the letter is under way …
    await clock.advance(0);
    end(SENT); // … which ends …
    await clock.advance(0);
    letGo(); // … before the answer is there
    await clock.advance(HOUR);
    expect(names()).toEqual(['slow']);
    await outbox.stop();
  });

  const full = () => Promise.reject(new AppError('STORE_FAILED', 'the disk is full', 'make room'));

  it('does not send a letter twice because the store could not note that it was sent', async () => {
    let broken = true;
    const { clock, outbox, queue, names, letters, logged } = scene(() => SENT, {
      letterSent: (id, at) => (broken ? full() : letters.letterSent(id, at)),
    });
    await queue('a');
    outbox.start();
    await clock.advance(HOUR);
    broken = false;
    await clock.advance(HOUR);
    expect(names()).toEqual(['a']);
    expect(await letters.letterCounts()).toMatchObject({ sent: 1, waiting: 0 });
    expect(logged).toContain('mail: the store does not keep what became of a letter');
    await outbox.stop();
  });

  it('stops although the store keeps failing', async () => {
    const { clock, outbox, queue } = scene(() => SENT, { letterSent: full });
    await queue('a');
    outbox.start();
    await clock.advance(SECOND);
    const stopped = outbox.stop();
    await clock.advance(MINUTE);
    await stopped;
  });

  it('goes on when the store answers again', async () => {
    let broken = true;
    const { clock, outbox, queue, names, letters, logged } = scene(() => SENT, {
      dueLetters: (now, limit) => (broken ? full() : letters.dueLetters(now, limit)),
    });
    await queue('a');
    outbox.start();
    await clock.advance(MINUTE);
    expect(logged).toContain('mail: the store does not answer');
    broken = false;
    await clock.advance(MINUTE);
    expect(names()).toEqual(['a']);
    await outbox.stop();
  });

  it('waits for the letter under way when it is stopped, and notes what became of it', async () => {
    let end: (delivery: Delivery) => void = () => undefined;
    const { clock, outbox, queue, letters } = scene(() => new Promise((resolve) => (end = resolve)));
    await queue('a');
    outbox.start();
    await clock.advance(0);
    let stopped = false;
    const stopping = outbox.stop().then(() => (stopped = true));
    await clock.advance(9 * SECOND);
    expect(stopped).toBe(false);
    end(SENT);
    await stopping;
    expect(await letters.letterCounts()).toMatchObject({ sent: 1 });
  });
});
