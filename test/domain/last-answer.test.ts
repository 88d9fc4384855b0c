import { lastAnswer } from '../../src/domain/last-answer';

it('works out anew only what differs from the one before, undefined too', () => {
  const asked: unknown[] = [];
  const answer = lastAnswer((one: string | undefined) => {
    asked.push(one);
    return { one };
  });
  const first = answer(undefined);
  expect(answer(undefined)).toBe(first);
  expect(['a', 'a', 'b', 'a'].map((one) => answer(one).one)).toEqual(['a', 'a', 'b', 'a']);
  expect(asked).toEqual([undefined, 'a', 'b', 'a']);
});
