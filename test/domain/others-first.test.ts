import { forEachInTurn } from '../../src/domain/others-first';

describe('long work', () => {
  const MANY = Array.from({ length: 12_000 }, (_, i) => i);

  it('lets others go first now and then', async () => {
    let done = 0;
    let seen = 0;
    setImmediate(() => (seen = done));
    await forEachInTurn(MANY, () => done++);
    expect([done, seen > 0 && seen < MANY.length]).toEqual([MANY.length, true]);
  });

  it('that is short is done without a pause', () => {
    let done = 0;
    void forEachInTurn(MANY.slice(0, 100), () => done++);
    expect(done).toBe(100);
  });
});
