import { agreed, type Answer } from '../../src/names/question';

const FOUND: Answer = { kind: 'found', values: ['192.0.2.7'], ttlSeconds: 60 };
const EMPTY: Answer = { kind: 'empty' };
const MISSING: Answer = { kind: 'missing' };
const failed = (why: string): Answer => ({ kind: 'failed', why });
const all = (...answers: readonly Answer[]) => agreed(answers.map((answer) => Promise.resolve(answer)));

describe('several servers that are asked the same', () => {
  it.each<[string, readonly Answer[], Answer]>([
    ['an address goes before everything else', [MISSING, EMPTY, failed('x'), FOUND], FOUND],
    ['a name is missing when all say so', [MISSING, MISSING], MISSING],
    ['a name is missing when all who answer say so', [failed('x'), MISSING, failed('y')], MISSING],
    ['a name is not missing when one of them knows it', [MISSING, EMPTY], EMPTY],
    ['a name has no address when all who answer say so', [EMPTY, failed('x')], EMPTY],
    [
      'when nobody answers, all reasons are told',
      [failed('a is not there'), failed('b too')],
      failed('a is not there, b too'),
    ],
    ['without any server there is a reason too', [], failed('no name server is known')],
  ])('%s', async (_, answers, together) => expect(await all(...answers)).toEqual(together));

  it('are not waited for when one has told an address', async () => {
    const never = new Promise<Answer>(() => undefined);
    expect(await agreed([never, Promise.resolve(FOUND)])).toEqual(FOUND);
  });
});
