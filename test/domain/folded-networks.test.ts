import fc from 'fast-check';
import { addressOf, rangeOf, type AddressRange } from '../../src/domain/address-range';
import { foldedNetworks } from '../../src/domain/folded-networks';
import { parseNetwork, prefixOf, type Family } from '../../src/domain/network';

const PLENTY = 1_000_000;
const BITS = { 4: 32, 6: 128 } as const;

/** Disjoint ranges in order, as an index of countries gives them: gaps and sizes of every magnitude. */
const inOrder = fc
  .tuple(
    fc.constantFrom<Family>(4, 6),
    fc.array(fc.tuple(fc.nat(20), fc.bigInt(2n, 1n << 20n), fc.nat(100)), { maxLength: 30 }),
  )
  .map(([family, pieces]) => {
    const scale = family === 4 ? 0n : 76n;
    const ranges: AddressRange[] = [];
    let from = 0n;
    for (const [gap, size, odd] of pieces) {
      const first = from + (1n << BigInt(gap)) + BigInt(odd);
      ranges.push({ family, first: first << scale, last: ((first + size) << scale) - (odd > 90 ? 1n : 2n) });
      from = first + size + 1n;
    }
    return { family, ranges };
  });

function joined(ranges: readonly AddressRange[]): string[] {
  const sorted = [...ranges].sort((a, b) => (a.first < b.first ? -1 : 1));
  const all: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const before = all.at(-1);
    if (before && before.last + 1n === first) before.last = last;
    else all.push({ first, last });
  }
  return all.map(({ first, last }) => `${first}-${last}`);
}

it('holds each address of the ranges once and no other, in canonical text, in the order of the texts', () => {
  fc.assert(
    fc.property(inOrder, ({ family, ranges }) => {
      const networks = foldedNetworks(ranges, family, PLENTY) ?? [];
      expect(joined(networks.map(rangeOf))).toEqual(joined(ranges));
      expect(networks.filter((network) => parseNetwork(network) !== network)).toEqual([]);
      expect(networks).toEqual([...networks].sort());
      expect(foldedNetworks(ranges, family === 4 ? 6 : 4, PLENTY)).toEqual([]);
    }),
    { numRuns: 10 },
  );
});

it('has no more lengths than any other choice of as many members, and not too many members', () => {
  const lengthsOf = (networks: readonly string[]) => new Set(networks.map((one) => one.split('/')[1] ?? '32'));
  // 9,000 networks of /24, and a few wider ones
  const many = Array.from({ length: 9_000 }, (_, i) => range(0x3000_0000 + i * 512, 256));
  const few = foldedNetworks([range(0x0400_0000, 2 ** 20), range(0x0a00_0000, 2 ** 10), ...many], 4, PLENTY) ?? [];
  expect([lengthsOf(few), few.length]).toEqual([new Set(['24']), 9_000 + 2 ** 12 + 4]);
  // a /4 of its own would be a million: it stays as it is, the others become /24
  const wide = foldedNetworks([range(0x1000_0000, 2 ** 28), range(0x2100_0000, 2 ** 10), ...many], 4, PLENTY) ?? [];
  expect([lengthsOf(wide), wide.length]).toEqual([new Set(['4', '24']), 9_000 + 1 + 4]);
});

it('does not fit when even the fewest are too many, and then splits none', () => {
  const three = [range(0x0400_0000, 256), range(0x0500_0000, 512), range(0x0600_0000, 1)];
  expect(foldedNetworks(three, 4, 2)).toBeUndefined();
  expect(foldedNetworks(three, 4, 3)).toEqual(['4.0.0.0/24', '5.0.0.0/23', '6.0.0.0']);
});

it.each<[Family, string[]]>([
  [4, ['0.0.0.0/1', '128.0.0.0/1']],
  [6, ['8000::/1', '::/1']],
])('everything is two halves, because the kernel knows no length of 0: IPv%i', (family, halves) => {
  const everything = { family, first: 0n, last: (1n << BigInt(BITS[family])) - 1n };
  expect(foldedNetworks([everything], family, PLENTY)).toEqual(halves);
});

it('writes what lies in the last half of an IPv6 address as the kernel does', () => {
  const loopback = { family: 6 as const, first: 1n, last: 1n };
  const single = rangeOf(addressOf(6, 0x2001_0db8n << 96n));
  expect(foldedNetworks([loopback, single], 6, 2)).toEqual(['2001:db8::', '::1']);
  expect(prefixOf((foldedNetworks([loopback], 6, 1) ?? [])[0] ?? addressOf(4, 0n))).toBe(128);
});

function range(first: number, size: number): AddressRange {
  return { family: 4, first: BigInt(first), last: BigInt(first + size - 1) };
}
