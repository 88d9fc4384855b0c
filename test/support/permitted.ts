/** What is permitted, from the texts of networks: with bounds, as countries have them. */
import { rangeOf } from '../../src/domain/address-range';
import { boundsOf } from '../../src/domain/bounds';
import type { Permitted } from '../../src/domain/firewall';
import { familyOf, type Family } from '../../src/domain/network';
import { net } from './net';

export function permittedOf(...texts: readonly string[]): Permitted {
  const all = texts.map(net);
  const of = (family: Family) => {
    const networks = all.filter((network) => familyOf(network) === family).sort();
    const ranges = networks.map(rangeOf).sort((a, b) => (a.first < b.first ? -1 : 1));
    return { networks, ...boundsOf(ranges, family) };
  };
  return { 4: of(4), 6: of(6) };
}
