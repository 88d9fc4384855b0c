import fc from 'fast-check';
import {
  around,
  covering,
  covers,
  familyOf,
  parseAddress,
  parseNetwork,
  prefixOf,
  type Network,
} from '../../src/domain/network';

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if (!parsed) throw new Error(`${text} is no network`);
  return parsed;
};

describe('a network', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7/32 ', '192.0.2.7'],
    ['192.0.2.77/24', '192.0.2.0/24'],
    ['0.0.0.0/1', '0.0.0.0/1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8::1/128', '2001:db8::1'],
    ['2001:db8::1:2:3:4/64', '2001:db8::/64'],
    ['8000::/1', '8000::/1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ])('%j reads as %s', (text, canonical) => expect(parseNetwork(text)).toBe(canonical));

  it.each([
    '',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.01',
    '0x7f.1',
    '2130706433',
    '192.0.2.7/33',
    '192.0.2.7/-1',
    '192.0.2.7/24/24',
    '192.0.2.7/',
    'fe80::1%eth0',
    '2001:db8::/129',
    '::ffff:192.0.2.7/64',
    'pbx.example.com',
    '192.0.2.7; DROP',
  ])('%j is none', (text) => expect(parseNetwork(text)).toBeUndefined());

  it('is text that reads as itself again, whatever the address', () => {
    const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
    const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 96, max: 128 }));
    fc.assert(
      fc.property(fc.oneof(v4, v6), ([address, prefix]) => {
        const once = parseNetwork(`${address}/${prefix}`);
        expect(once === undefined || parseNetwork(once) === once).toBe(true);
      }),
    );
  });

  it('covers what lies in it and nothing else', () => {
    expect(covers(network('192.0.2.0/24'), network('192.0.2.200'))).toBe(true);
    expect(covers(network('192.0.2.0/24'), network('192.0.2.128/25'))).toBe(true);
    expect(covers(network('192.0.2.0/24'), network('192.0.2.0/23'))).toBe(false);
    expect(covers(network('192.0.2.0/24'), network('192.0.3.1'))).toBe(false);
    expect(covers(network('2001:db8::/32'), network('2001:db8:ffff::1'))).toBe(true);
    expect(covers(network('0.0.0.0/1'), network('2001:db8::1'))).toBe(false);
  });

  it('is found by asking for every network that could cover it', () => {
    expect(covering(network('192.0.2.7'))).toHaveLength(33);
    expect(covering(network('192.0.2.7'))).toEqual(expect.arrayContaining(['192.0.2.7', '192.0.2.0/24', '0.0.0.0/0']));
    expect(covering(network('2001:db8::/64'))).toHaveLength(65);
  });

  it('widens to a prefix, and never narrows', () => {
    expect(around(network('2001:db8:1:2:3::9'), 64)).toBe('2001:db8:1:2::/64');
    expect(around(network('2001:db8::/32'), 64)).toBe('2001:db8::/32');
  });

  it('knows its family and its length', () => {
    expect([familyOf(network('192.0.2.7')), prefixOf(network('192.0.2.7'))]).toEqual([4, 32]);
    expect([familyOf(network('2001:db8::/48')), prefixOf(network('2001:db8::/48'))]).toEqual([6, 48]);
  });
});

it('a single address is never a network', () => {
  expect(parseAddress('192.0.2.7')).toBe('192.0.2.7');
  expect(parseAddress('192.0.2.0/24')).toBeUndefined();
});
