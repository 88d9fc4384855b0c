import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { AppError } from '../src/errors';
import { answerTo, questionsTo, type Answer, type Askable, type Question } from '../src/thread-questions';

const opened: MessageChannel[] = [];
afterEach(() => {
  for (const { port1 } of opened.splice(0)) port1.close();
});

/** Two ends of a real connection between threads. */
function asking<T extends Askable<T>>(services: T) {
  const channel = new MessageChannel();
  opened.push(channel);
  const questions = questionsTo(channel.port1);
  channel.port1.on('message', (answer: Answer) => questions.hear(answer));
  channel.port2.on('message', (question: Question) => void answerTo(question, services, channel.port2));
  return questions;
}

describe('a question to another thread', () => {
  it('brings back what a promise brings: dates, lists, and what is not there', async () => {
    const entry = { id: 'a1', until: new Date(1e12), note: undefined, services: ['phone'] };
    const questions = asking({
      open: (account: string) => Promise.resolve([account, entry]),
      nothing: () => Promise.resolve(undefined),
    });
    expect(await questions.ask('open', '12')).toStrictEqual(['12', entry]);
    expect(await questions.ask('nothing')).toBeUndefined();
  });

  it('gets its own answer, also when a later one is answered first', async () => {
    const free: (() => void)[] = [];
    const questions = asking({
      slow: (which: string) => new Promise<string>((resolve) => free.push(() => resolve(which))),
      quick: (which: string) => Promise.resolve(which),
    });
    const slow = [questions.ask('slow', 'a'), questions.ask('slow', 'b')];
    expect(await questions.ask('quick', 'c')).toBe('c');
    free.reverse().forEach((go) => go());
    expect(await Promise.all(slow)).toEqual(['a', 'b']);
  });

  it('is refused with the same words as there', async () => {
    const questions = asking({
      open: () => Promise.reject(new AppError('STORE_FAILED', 'the disk is full', 'make room')),
    });
    const refusal = questions.ask('open');
    await expect(refusal).rejects.toBeInstanceOf(AppError);
    await expect(refusal).rejects.toMatchObject({ code: 'STORE_FAILED', what: 'the disk is full', hint: 'make room' });
  });

  it('tells of a bug with its stack', async () => {
    const broken = () => Promise.reject(new TypeError('no such thing'));
    const fault = (await asking({ broken })
      .ask('broken')
      .catch((error: unknown) => error)) as Error;
    expect([fault.name, fault.message]).toEqual(['TypeError', 'no such thing']);
    expect(fault.stack).toContain('thread-questions.test');
  });

  it('that nobody knows is one', async () => {
    await expect(asking({}).ask('constructor')).rejects.toThrow('nobody answers "constructor"');
  });

  it('that is no message is refused at once, and the others go on', async () => {
    const questions = asking({ echo: (what: unknown) => Promise.resolve(what) });
    await expect(questions.ask('echo', () => undefined)).rejects.toThrow('could not be cloned');
    expect(await questions.ask('echo', 1)).toBe(1);
  });
});

it('an answer that nobody waits for is nothing', async () => {
  const channel = new MessageChannel();
  opened.push(channel);
  const questions = questionsTo(channel.port1);
  channel.port2.postMessage({ answers: 7, result: 'late' } satisfies Answer);
  const [answer] = (await once(channel.port1, 'message')) as [Answer];
  expect(() => questions.hear(answer)).not.toThrow();
});
