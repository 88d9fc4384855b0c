import { alternate } from './rounds';
import { table } from './report';
import { compared, figures, number, told } from './row';
import { median, p99, quantile, ratioOf, slow } from './statistics';

const oneTo = (n: number) => Array.from({ length: n }, (_, i) => n - i);

describe('the middle of many measurements', () => {
  it('is the middle one of an odd number, whatever their order', () => expect(median([9, 1, 5])).toBe(5));
  it('lies between the two in the middle of an even number', () => expect(median([4, 1, 2, 100])).toBe(3));
  it('is that of numbers, not of texts', () => expect(median([2, 10, 9])).toBe(9));
  it('is the only one of one', () => expect(median([7])).toBe(7));
  it('is none of none', () => expect(() => median([])).toThrow(RangeError));
});

describe('the slowest in a hundred', () => {
  it('is one that was measured, with one in a hundred above it', () => expect(p99(oneTo(100))).toBe(99));
  it('is not known of fewer than a hundred', () => expect(() => p99(oneTo(99))).toThrow(/99 values/));
  it('is the slowest of fewer, and called so', () => {
    expect(slow([3, 8, 5])).toEqual({ name: 'greatest', value: 8 });
    expect(slow(oneTo(99))).toEqual({ name: 'greatest', value: 99 });
    expect(slow(oneTo(200))).toEqual({ name: 'p99', value: 198 });
  });
  it('leaves one in a hundred of many out', () => expect(p99(oneTo(1000))).toBe(990));
  it('is the fastest for no share at all', () => expect(quantile([3, 1, 2], 0)).toBe(1));
  it('is none of none', () => expect(() => slow([])).toThrow(RangeError));
});

describe('two variants taken in turn', () => {
  it('are compared round by round, so that a slow round counts for neither', () => {
    // Both took ten times as long in the second round: a ratio over all of them would say 1.1 or 20.
    const ratio = ratioOf([[2], [20], [2]], [[1], [10], [1]], median);
    expect(ratio).toEqual({ value: 2, low: 2, high: 2, rounds: 3 });
  });
  it('tell how far the rounds disagree', () => {
    expect(ratioOf([[1], [3], [2]], [[1], [1], [1]], median)).toEqual({ value: 2, low: 1, high: 3, rounds: 3 });
  });
  it('are not compared when one lacks a round', () => {
    expect(() => ratioOf([[1]], [], median)).toThrow(RangeError);
  });
  it('run one after the other, and what warms up is not kept', async () => {
    const ran: string[] = [];
    const variant = (name: string) => () => Promise.resolve([ran.push(name)]);
    const kept = await alternate({ a: variant('a'), b: variant('b') }, { rounds: 2, warmUp: 1 });
    expect(ran.join('')).toBe('ababab');
    expect(kept).toEqual({ a: [[3], [5]], b: [[4], [6]] });
  });
});

describe('a row', () => {
  it('says whether the goal is met by the figure that the goal is about', () => {
    const [ours, theirs] = [9, 3].map((slowest) => [Array.from({ length: 100 }, (_, i) => (i < 90 ? 1 : slowest))]);
    if (!ours || !theirs) throw new Error('no rounds');
    const row = { what: 'a turn', against: 'nothing', ours, theirs, mostTimes: 2 };
    expect(compared(row).goal).toEqual({ text: 'median at most 2 times', met: true });
    expect(compared({ ...row, figure: p99 }).goal).toEqual({ text: 'p99 at most 2 times', met: false });
    expect(compared({ ...row, mostTimes: 1 / 30 }).goal).toEqual({ text: 'median at least 30 times less', met: false });
  });
  it('shows the digits that count', () => {
    expect([0, 0.0123, 0.123, 1.234, 12.34, 123.4].map(number)).toEqual([
      '0.00',
      '0.012',
      '0.12',
      '1.23',
      '12.3',
      '123',
    ]);
  });
  it('says of how many measurements it tells, and calls no figure what it is not', () => {
    expect(figures([1, 2, 3])).toBe('2.00 ms (greatest 3.00 of 3)');
    expect(figures(oneTo(1000))).toBe('501 ms (p99 990 of 1000)');
    expect(figures([7])).toBe('7.00 ms (once)');
  });
  it('shows how far the rounds disagree where there are more than one', () => {
    const times = (rounds: number) => {
      const all = (value: number) => Array.from({ length: rounds }, () => [value]);
      return table([compared({ what: 'a turn', against: 'nothing', ours: all(3), theirs: all(2) })])[0]?.[3];
    };
    expect(times(3)).toBe('1.50 (1.50 to 1.50)');
    expect(times(1)).toBe('1.50 (one round)');
    expect(table([told('a turn', '1 ms')])[0]?.[3]).toBe('');
  });
});
