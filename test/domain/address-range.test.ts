import fc from 'fast-check';
import { addressOf, networksOf, rangeOf, sizeOf, type AddressRange } from '../../src/domain/address-range';
import { covers, type Family } from '../../src/domain/network';

/** Somewhere in the family's addresses, some hundreds of them at most. */
const smallRange = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.bigInt(0n, (1n << 32n) - 1n), fc.bigInt(0n, 300n), fc.bigInt(0n, 1n << 96n))
  .map(([family, low, more, high]): AddressRange => {
    const first = family === 4 ? low : (0x2001n << 112n) + (high << 16n) + (low & 0xffffn);
    const end = (1n << (family === 4 ? 32n : 128n)) - 1n;
    return { family, first, last: first + more > end ? end : first + more };
  });

it('splits a range into networks that hold each of its addresses once, and no other', () => {
  fc.assert(
    fc.property(smallRange, (range) => {
      const networks = networksOf(range);
      for (let at = range.first; at <= range.last; at++) {
        const address = addressOf(range.family, at);
        expect(networks.filter((network) => covers(network, address))).toHaveLength(1);
      }
      const held = networks.map(rangeOf).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
      expect(held).toBe(range.last - range.first + 1n);
    }),
    { numRuns: 60 },
  );
});

it('splits it into the fewest: no two of them make one', () => {
  fc.assert(
    fc.property(smallRange, (range) => {
      const pieces = networksOf(range).map(rangeOf);
      pieces.slice(1).forEach((piece, i) => {
        const before = pieces[i] ?? piece;
        const size = piece.last - piece.first + 1n;
        const together = before.last - before.first + 1n === size && before.first % (2n * size) === 0n;
        expect(together).toBe(false);
      });
      expect(pieces.length).toBeLessThanOrEqual(range.family === 4 ? 62 : 254);
    }),
  );
});

it('splits the widest and the narrowest', () => {
  const last = (1n << 32n) - 1n;
  expect(networksOf({ family: 4, first: 0n, last })).toEqual(['0.0.0.0/0']);
  expect(networksOf({ family: 4, first: last, last })).toEqual(['255.255.255.255']);
  expect(networksOf({ family: 4, first: 1n, last: last - 1n })).toHaveLength(62);
});

it('counts what several ranges hold together once', () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(fc.array(range), (pairs) => {
      const naive = new Set(pairs.flatMap(([first, more]) => Array.from({ length: more + 1 }, (_, i) => first + i)));
      const ranges = pairs.map(([first, more]): AddressRange => ({
        family: 4,
        first: BigInt(first),
        last: BigInt(first + more),
      }));
      expect(sizeOf(ranges)).toBe(BigInt(naive.size));
    }),
  );
});
