import fc from 'fast-check';
import { addressOf, rangeOf } from '../../src/domain/address-range';
import { around, covers, type Network } from '../../src/domain/network';
import { samplesOf } from '../../src/domain/samples';
import { net } from '../support/net';

it('an address stands for itself, a network by one address of each kind that is in it', () => {
  expect(samplesOf(net('192.0.2.9'), [[net('192.0.2.0/28')]])).toEqual(['192.0.2.9']);
  expect(samplesOf(net('192.0.2.0/28'), [[net('192.0.2.0/24')], [net('198.51.100.1')]])).toEqual(['192.0.2.0']);
  const some = [net('192.0.2.1'), net('192.0.2.5'), net('192.0.2.4/30')];
  expect(samplesOf(net('192.0.2.0/28'), [some, some, [net('192.0.2.5')]])).toEqual([
    ...['192.0.2.0', '192.0.2.1', '192.0.2.5'],
  ]);
  expect(samplesOf(net('2001:db8::/32'), [[net('2001:db8:5::/48'), net('192.0.2.1')]])).toEqual([
    ...['2001:db8::', '2001:db8:5::'],
  ]);
});

it.each(['10.1.240.0/20', '10.1.2.0/23', '10.0.0.0/5', '2001:db8::40/120', '2001:db8:0:1::/64'].map(net))(
  'of every address of %s there is one sample that lies in the same groups',
  (network) => {
    const { family, first, last } = rangeOf(network);
    const inside = fc.bigInt(first, last).map((at) => addressOf(family, at));
    const near = fc.bigInt(first, first + 15n).map((at) => addressOf(family, at));
    const length = fc.integer({ min: 1, max: family === 4 ? 32 : 128 });
    const other = fc.tuple(fc.oneof(inside, near), length).map(([address, prefix]) => around(address, prefix));
    const group = fc.array(fc.oneof(other, near, fc.constant(net('10.9.0.0/16')), fc.constant(net('2001:db8:9::/48'))));
    fc.assert(
      fc.property(fc.array(group, { maxLength: 4 }), fc.oneof(inside, near), (groups, address) => {
        const among = (each: Network) => groups.map((group) => group.some((of) => covers(of, each))).join();
        const samples = samplesOf(network, groups);
        expect(samples.map(among)).toContain(among(address));
        for (const sample of samples) expect(covers(network, sample)).toBe(true);
        expect(samples.length).toBeLessThanOrEqual(2 ** groups.length);
      }),
    );
  },
);
