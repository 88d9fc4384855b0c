import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { addressOf, integerOf, PRIVATE, rangeOf, type AddressRange } from '../../src/domain/address-range';
import type { CountryRules } from '../../src/domain/country';
import type { Family, Network } from '../../src/domain/network';
import { AddressWords, integerAt, wordsOf } from '../../src/country/address-words';
import { countriesOf, judge } from '../../src/country/judge';
import { MarkedRanges } from '../../src/country/marked-ranges';
import { countryOf, coverage, isOrdered, markOf, sizesOf, type CountryTable } from '../../src/country/table';
import { net } from '../support/net';

const TOP: Readonly<Record<Family, bigint>> = { 4: 2n ** 32n - 1n, 6: 2n ** 128n - 1n };
const COUNTRIES = ['AU', 'DE', 'US', 'A2'];

type Claim = AddressRange & { readonly country: string };

function tableOf(claims: readonly Claim[]): CountryTable {
  const of = (family: Family) => {
    const ranges = new MarkedRanges(family);
    for (const { first, last, country } of claims.filter((claim) => claim.family === family)) {
      ranges.add(wordsOf(family, first), wordsOf(family, last), markOf(country));
    }
    return ranges.compile();
  };
  return { 4: of(4), 6: of(6) };
}

/** Cuts the space at these places; every second piece belongs to a country. Neighbours often touch. */
const claims = (family: Family) =>
  fc.array(fc.tuple(place(family), fc.constantFrom('', ...COUNTRIES)), { maxLength: 90 }).map((cuts): Claim[] => {
    const sorted = [...new Map(cuts.map((cut) => [cut[0], cut])).values()].sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return sorted.flatMap(([first, country], i) => {
      const last = (sorted[i + 1]?.[0] ?? TOP[family] + 1n) - 1n;
      return country === '' ? [] : [{ family, first, last, country }];
    });
  });

/** Also the ends of the space, and close together. */
function place(family: Family): fc.Arbitrary<bigint> {
  const near = fc.tuple(fc.constantFrom(0n, TOP[family] / 2n, TOP[family] - 300n), fc.bigInt(0n, 300n));
  return fc.oneof(fc.bigInt(0n, TOP[family]), near.map(([at, more]) => at + more)); // prettier-ignore
}

const borders = ({ family, first, last }: AddressRange) =>
  [first - 1n, first, last, last + 1n, (first + last) / 2n].filter((each) => each >= 0n && each <= TOP[family]);

const within = (address: bigint, { first, last }: AddressRange) => first <= address && address <= last;
const NO_RULES: CountryRules = { countries: [], ranges: [] };
const at = new Date(0);
const permit = (...countries: string[]): CountryRules => ({
  countries: countries.map((country) => ({ country, permission: 'permit', by: 'root', at })),
  ranges: [],
});
const hand = (permission: 'permit' | 'deny', range: AddressRange) =>
  ({ range, permission, by: 'root', at, note: undefined }) as const;

describe.each([4, 6] as const)('the index of IPv%s', (family) => {
  it('agrees with a search through the list, at every border', () => {
    fc.assert(
      fc.property(claims(family), fc.boolean(), (list, shuffled) => {
        const table = tableOf(shuffled ? [...list].reverse() : list);
        const words = new Uint32Array(4);
        const wrong = [0n, TOP[family], ...list.flatMap(borders)].filter((address) => {
          words.set(wordsOf(family, address));
          const expected = list.find((claim) => within(address, claim))?.country;
          return countryOf(table[family].markAt(words)) !== expected;
        });
        expect(wrong).toEqual([]);
        expect(isOrdered(family, table[family].starts)).toBe(true);
      }),
    );
  });

  it.each(family === 4 ? ['0.0.0.0/0', '90.1.0.0/16', '90.1.2.0/20', '127.255.240.0/20'] : ['::/0', '2a00::/12', '2a00::/28', '2a00::/44', '2a00::/100', '2a00::/116', '3fff::/16', '7fff:ffff:ffff:ffff:ffff:ffff:ffff:f000/116', 'fd00::/8'])(
    'agrees also where many ranges share %s',
    (network) => {
      const { first: begin, last: end } = rangeOf(net(network));
      const step = (end - begin + 1n) / 1300n;
      const list = Array.from({ length: 1300 }, (_, i): Claim => {
        const first = begin + BigInt(i) * step;
        return { family, first, last: first + step / 2n, country: COUNTRIES[i % 4] ?? '' };
      });
      const { [family]: segments } = tableOf(list);
      const words = new Uint32Array(4);
      const wrong = list.filter((claim) =>
        borders(claim).some((address) => {
          words.set(wordsOf(family, address));
          return countryOf(segments.markAt(words)) !== (within(address, claim) ? claim.country : undefined);
        }),
      );
      expect(wrong).toEqual([]);
    },
  ); // prettier-ignore

  it('is told that no address belongs to two countries', () => {
    const [a, b] = [
      { family, first: 10n, last: 20n, country: 'AU' },
      { family, first: 20n, last: 30n, country: 'DE' },
    ];
    expect(() => tableOf([a, b])).toThrow(`two countries claim ${addressOf(family, 20n)}`);
    expect(() => tableOf([b, a])).toThrow('two countries claim');
    expect(() => tableOf([a, a, { ...b, country: 'AU' }])).not.toThrow();
    expect(() => tableOf([{ ...a, last: TOP[family] }, b])).toThrow('two countries claim');
    expect(() => tableOf([{ ...a, first: 21n }])).toThrow('ends before it begins');
  });

  it('lays permitted and denied ranges over each other as one address after another is judged, in another thread as well', () => {
    const rule = fc.tuple(fc.constantFrom('permit' as const, 'deny' as const), place(family), place(family));
    fc.assert(
      fc.property(claims(family), fc.array(rule, { maxLength: 8 }), (list, given) => {
        const ranges = given.map(([permission, a, b]) =>
          hand(permission, { family, first: a < b ? a : b, last: a < b ? b : a }),
        );
        const countries = judge(tableOf(list), { ...permit('DE', 'A2'), ranges }, { permitUnknown: false });
        const elsewhere = countriesOf(structuredClone(countries.judged));
        const open = countries.permitted().filter((range) => range.family === family);
        const edges = [...list, ...ranges.map(({ range }) => range), ...open, ...PRIVATE].flatMap((range) =>
          range.family === family ? borders(range) : [],
        );
        for (const address of edges) {
          // IPv4 in IPv6's clothes is judged as IPv4
          if (addressOf(family, address).includes('.') && family === 6) continue;
          const origin = countries.lookup(addressOf(family, address));
          expect(origin.permit && !origin.deny).toBe(open.some((range) => within(address, range)));
          expect(elsewhere.lookup(addressOf(family, address))).toEqual(origin);
        }
        expect(elsewhere.permitted()).toEqual(countries.permitted());
        open.forEach((range, i) => expect(i === 0 || (open[i - 1]?.last ?? 0n) + 1n < range.first).toBe(true));
      }),
      { numRuns: 50 },
    );
  });
});

describe('addresses as words', () => {
  const reader = new AddressWords();
  it('are read as everybody else reads them', () => {
    const v6 = fc.bigInt(0n, TOP[6]).map((integer) => [addressOf(6, integer), integer] as const);
    const v4 = fc.bigInt(0n, TOP[4]).map((integer) => [addressOf(4, integer), integer] as const);
    fc.assert(
      fc.property(fc.oneof(v4, v6, fc.ipV6().map((text) => [net(text), integerOf(net(text))] as const)), ([text, integer]) => {
        const family = reader.read(text);
        expect(family && integerAt(reader.words, 0, family)).toBe(integer);
      }),
    ); // prettier-ignore
  });
  it('are as strict about IPv6 as the system is', () => {
    const group = fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f', 'A', 'F'), maxLength: 5 });
    const separated = fc.array(fc.tuple(fc.constantFrom(':', ':', ':', '::'), group), { maxLength: 9 });
    fc.assert(
      fc.property(group, separated, (first, more) => {
        const text = first + more.flat().join('');
        expect([text, reader.read(text) === 6]).toEqual([text, isIPv6(text)]);
      }),
      { numRuns: 2000 },
    );
  });
  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1..2.3', '1.2.3.', '.1.2.3', '0001.2.3.4', ':', ':::', '1:2', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '12345::', 'g::', ':1', '1:', '::1:', '1.2.3.4/8', '1:2:3:4:5:6:7::8:9', '-', ' 1.2.3.4', '::ffff:1.2.3.4'])('%j is none', (text) =>
    expect(reader.read(text)).toBeUndefined()); // prettier-ignore
  it('are found inside a line', () => {
    expect(reader.read('x,1.2.3.4,y', 2, 9)).toBe(4);
    expect(reader.words[0]).toBe(0x01020304);
    expect(reader.read('::1', 0, 1)).toBeUndefined();
  });
});

describe('a stranger', () => {
  const table = tableOf([
    { ...rangeOf(net('192.0.2.0/24')), country: 'US' },
    { ...rangeOf(net('198.51.100.0/24')), country: 'DE' },
    { ...rangeOf(net('2001:db8::/32')), country: 'US' },
  ]);
  const of = (rules: CountryRules, address: string, permitUnknown = false) =>
    judge(table, rules, { permitUnknown }).lookup(net(address));

  it('is whoever comes from no permitted country, over IPv4 and IPv6', () => {
    expect(of(permit('US'), '192.0.2.7')).toEqual({ country: 'US', permit: true, deny: false, stranger: false });
    expect(of(permit('US'), '2001:db8::/64')).toMatchObject({ country: 'US', stranger: false });
    expect(of(permit('US'), '198.51.100.7')).toEqual({ country: 'DE', permit: false, deny: false, stranger: true });
    expect(of(permit('US'), '203.0.113.7')).toMatchObject({ country: undefined, stranger: true });
  });
  it('is nobody whose address is not one', () => {
    const countries = judge(table, permit('US'), { permitUnknown: false });
    for (const text of ['', '192.0.2', '192.0.2.7x', '192.0.2.7:5060', '2001:db8', '2001:db8::/', 'phone']) {
      expect(() => countries.lookup(text as Network)).toThrow(`not a canonical address: ${text}`);
    }
  });
  it('is nobody while nothing is permitted: an empty table locks nobody out', () => {
    expect(of(NO_RULES, '198.51.100.7')).toMatchObject({ permit: false, stranger: false });
    expect(judge(table, NO_RULES, { permitUnknown: false }).idle).toMatch(/no country and no range/);
    expect(judge(undefined, permit('US'), { permitUnknown: false }).idle).toMatch(/no country data/);
    expect(judge(table, permit('CA'), { permitUnknown: false }).idle).toMatch(/no range of the permitted/);
    expect(judge(undefined, permit('US'), { permitUnknown: false }).lookup(net('192.0.2.7')).stranger).toBe(false);
  });
  it('is whoever is denied, even then', () => {
    const ranges = [hand('deny', rangeOf(net('192.0.2.0/28')))];
    expect(of({ ...NO_RULES, ranges }, '192.0.2.7')).toMatchObject({ deny: true, stranger: true });
    expect(of({ ...permit('US'), ranges }, '192.0.2.7')).toMatchObject({ permit: true, deny: true, stranger: true });
    expect(of({ ...permit('US'), ranges }, '192.0.2.17')).toMatchObject({ deny: false, stranger: false });
  });
  it('is whoever is denied also up to the end of all addresses', () => {
    const ranges = [hand('deny', rangeOf(net('240.0.0.0/4'))), hand('deny', rangeOf(net('c000::/2')))];
    for (const address of ['240.0.0.0', '250.1.2.3', '255.255.255.255', 'c000::', 'ffff::', 'ff02::1']) {
      expect(of({ ...permit('US'), ranges }, address)).toMatchObject({ country: 'AA', deny: true });
    }
    expect(of({ ...permit('US'), ranges }, '239.255.255.255')).toMatchObject({ deny: false });
    expect(of({ ...permit('US'), ranges }, 'bfff::')).toMatchObject({ deny: false });
  });
  it('is not who is in a private network, unless it is denied', () => {
    for (const address of [
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '127.0.0.1',
      '::1',
      'fd00::1',
      'fe80::1',
    ]) {
      expect(of(permit('US'), address)).toMatchObject({ permit: true, stranger: false }); // prettier-ignore
    }
    const ranges = [hand('deny', rangeOf(net('10.1.0.0/16')))];
    expect(of({ ...permit('US'), ranges }, '10.1.2.3')).toMatchObject({ country: 'AA', stranger: true });
  });
  it('is not who is in a range by hand, which is AA where the data know no country', () => {
    const ranges = [
      hand('permit', { family: 4, first: integerOf(net('203.0.113.5')), last: integerOf(net('203.0.113.9')) }),
    ];
    expect(of({ ...permit('US'), ranges }, '203.0.113.9')).toMatchObject({ country: 'AA', permit: true }); // prettier-ignore
    expect(of({ ...permit('US'), ranges }, '203.0.113.10')).toMatchObject({ country: undefined, stranger: true });
    expect(of({ ...NO_RULES, ranges }, '192.0.2.7')).toMatchObject({ stranger: true });
  });
  it('is not whom no source knows, where the admin wants it so', () =>
    expect(of(permit('US'), '203.0.113.7', true)).toMatchObject({ permit: true, stranger: false }));
});

it('a table tells how much of it each country has', () => {
  const table = tableOf([
    { ...rangeOf(net('192.0.2.0/24')), country: 'US' },
    { ...rangeOf(net('192.0.4.0/24')), country: 'US' },
    { ...rangeOf(net('2001:db8::/48')), country: 'DE' },
    { ...rangeOf(net('255.255.255.0/24')), country: 'DE' },
  ]);
  expect(sizesOf(table)).toEqual([
    { country: 'DE', ranges: { 4: 1, 6: 1 }, addresses4: 256, networks6: 65_536 },
    { country: 'US', ranges: { 4: 2, 6: 0 }, addresses4: 512, networks6: 0 },
  ]);
  expect([coverage(table[4]), coverage(table[6])]).toEqual([768, 65_536]);
});
