import { atMost } from '../../src/domain/at-most';

it('runs so many at once, the others in their order, also after one that failed', async () => {
  const inTurn = atMost(2);
  const begun: number[] = [];
  const ends: ((fails: boolean) => void)[] = [];
  const work = (n: number) =>
    inTurn(
      () =>
        new Promise<number>((resolve, reject) => {
          begun.push(n);
          ends[n] = (fails) => (fails ? reject(new Error(`no ${n}`)) : resolve(n));
        }),
    );
  const all = Promise.allSettled([0, 1, 2, 3].map(work));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(begun).toEqual([0, 1]);
  ends[1]?.(true);
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  for (const n of [0, 2]) ends[n]?.(false);
  await turn();
  ends[3]?.(false);
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});
