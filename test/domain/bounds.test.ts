import fc from 'fast-check';
import { rangeOf, type AddressRange } from '../../src/domain/address-range';
import { boundsOf, MOST_BOUNDS } from '../../src/domain/bounds';
import { parseNetwork, prefixOf, type Family, type Network } from '../../src/domain/network';
import { net } from '../support/net';

/** Few wide networks and all sizes of gaps, so that tables touch, overlap and leave each other out. */
const SCALE = { 4: 8n, 6: 96n } as const;
const table = (family: Family) =>
  fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 600 })), { maxLength: 8 }).map((pieces) => {
    const ranges: AddressRange[] = [];
    let from = 0x1400_00n;
    for (const [gap, size] of pieces) {
      const first = from + BigInt(gap);
      from = first + BigInt(size);
      ranges.push({ family, first: first << SCALE[family], last: (from << SCALE[family]) - 1n });
    }
    return ranges;
  });
const holds = (ranges: readonly AddressRange[], address: bigint) =>
  ranges.some(({ first, last }) => first <= address && address <= last);
const rangesOf = (networks: readonly Network[]) => networks.map(rangeOf);
/** Where anything changes. */
const edges = (ranges: readonly AddressRange[]) =>
  ranges.flatMap(({ first, last }) => [first - 1n, first, (first + last) / 2n, last, last + 1n]);

describe.each([4, 6] as const)('of IPv%i', (family) => {
  it('everything permitted is within the outer bound, and nothing else within the inner one', () => {
    fc.assert(
      fc.property(table(family), (ranges) => {
        const { outer, inner } = boundsOf(ranges, family);
        const [around, inside] = [rangesOf(outer), rangesOf(inner)];
        const isWrong = (address: bigint) =>
          holds(ranges, address) ? !holds(around, address) : holds(inside, address);
        expect(edges([...ranges, ...around, ...inside]).filter(isWrong)).toEqual([]);
        for (const bound of [outer, inner]) {
          expect(bound).toEqual([...bound].sort());
          expect(bound.filter((network) => parseNetwork(network) !== network)).toEqual([]);
        }
      }),
    );
  });

  it('while another table takes its place, in any order of the three sets, no address is decided as by neither, and none changes twice', () => {
    const anyOrder = fc.shuffledSubarray(['outer', 'inner', 'table'] as const, { minLength: 3 });
    fc.assert(
      fc.property(table(family), table(family), anyOrder, (before, after, order) => {
        const partsOf = (
          ranges: readonly AddressRange[],
        ): Record<'outer' | 'inner' | 'table', readonly AddressRange[]> => {
          const { outer, inner } = boundsOf(ranges, family);
          return { outer: rangesOf(outer), inner: rangesOf(inner), table: ranges };
        };
        const [old, next] = [partsOf(before), partsOf(after)];
        const held = { ...old };
        const decides = (address: bigint) =>
          holds(held.outer, address) && (holds(held.inner, address) || holds(held.table, address));
        const addresses = edges([...before, ...after, ...old.outer, ...next.outer]);
        let fates = addresses.map(decides);
        const changes = addresses.map(() => 0);
        for (const part of order) {
          held[part] = next[part];
          const now = addresses.map(decides);
          const isOfNeither = (address: bigint, i: number) =>
            now[i] !== holds(before, address) && now[i] !== holds(after, address);
          expect(addresses.filter(isOfNeither)).toEqual([]);
          now.forEach((fate, i) => {
            if (fate !== fates[i]) changes[i] = (changes[i] ?? 0) + 1;
          });
          fates = now;
        }
        expect(fates).toEqual(addresses.map((address) => holds(after, address)));
        expect(Math.max(0, ...changes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });
});

it('are told by narrow networks where at most half of them have something', () => {
  const bounds = (...texts: string[]) =>
    boundsOf(
      texts.map((text) => rangeOf(net(text))),
      4,
    );
  expect(bounds('20.1.0.9', '20.1.32.0/24')).toEqual({ outer: ['20.1.0.0/20', '20.1.32.0/20'], inner: [] });
  expect(bounds('20.1.0.0/17').outer).toHaveLength(8);
  expect(bounds('20.1.0.0/17', '20.1.128.0')).toEqual({ outer: ['20.1.0.0/16'], inner: [] });
  expect(bounds('20.1.0.0/16')).toEqual({ outer: ['20.1.0.0/16'], inner: ['20.1.0.0/16'] });
  expect(bounds('2001:db8::/32')).toEqual({ outer: [], inner: [] });
  expect(boundsOf([rangeOf(net('2001:db8::/32'))], 6)).toEqual({ outer: ['2001:db0::/28'], inner: [] });
});

it('are never more than their sets may hold, whatever is permitted', () => {
  const everything = boundsOf([{ family: 4, first: 0n, last: (1n << 32n) - 1n }], 4);
  expect([everything.outer.length, everything.inner.length]).toEqual([MOST_BOUNDS, MOST_BOUNDS]);
  const everywhere = Array.from({ length: 2 * 30_000 }, (_, i) => {
    const first = BigInt(i >> 1) * 0x1_0000n + (i % 2 === 0 ? 0n : 0x8000n);
    return [
      { family: 4 as const, first, last: first },
      { family: 4 as const, first: first + 0x2000n, last: first + 0x2000n },
    ];
  });
  const { outer } = boundsOf(everywhere.flat(), 4);
  expect([outer.length, new Set(outer.map(prefixOf))]).toEqual([30_000, new Set([16])]);
});
