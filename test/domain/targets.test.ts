import { parseNetwork, type Network } from '../../src/domain/network';
import { Targets, type Tried } from '../../src/domain/targets';

const NOW = Date.parse('2026-11-22T13:00:00Z');
const HOUR = 3_600_000;
const TERMS = { manyAddresses: 3, manyMs: 72 * HOUR };
const from = (i: number) => parseNetwork(`198.51.${i >> 8}.${i & 255}`) as Network;

it('what was tried before a restart counts after it, and is not told twice', () => {
  const before = new Targets(TERMS);
  expect([before.see('701', from(1), NOW), before.see('701', from(2), NOW + HOUR)]).toEqual([undefined, undefined]);
  const written = before.takeUnwritten();
  const after = new Targets(TERMS);
  after.remember(written);
  expect(after.see('701', from(3), NOW + 2 * HOUR)).toBe(3);
  const later = new Targets(TERMS);
  later.remember([...written, ...after.takeUnwritten()]);
  expect(later.see('701', from(4), NOW + 3 * HOUR)).toBeUndefined();
  expect(later.see('701', from(4), NOW + 27 * HOUR)).toBe(4);
});

it('an account and an address are written once a day, however often it tries', () => {
  const targets = new Targets(TERMS);
  const written: Tried[] = [];
  for (let i = 0; i < 48 * 60; i++) {
    targets.see('701', from(1), NOW + (i * HOUR) / 60);
    written.push(...targets.takeUnwritten());
  }
  expect(written.map(({ at }) => at.getTime() - NOW)).toEqual([0, 24 * HOUR]);
});

it('of a flood as much is written at once as a database bears', () => {
  const targets = new Targets(TERMS);
  for (let i = 0; i < 50_000; i++) targets.see(`${i % 1000}`, from(i % 60_000), NOW);
  expect(targets.takeUnwritten()).toHaveLength(500);
  expect(targets.takeUnwritten()).toEqual([]);
});

it('addresses that tried it too long ago do not count', () => {
  const targets = new Targets(TERMS);
  const told = Array.from({ length: 9 }, (_, i) => targets.see('701', from(i), NOW + i * 48 * HOUR));
  expect(told.filter((many) => many !== undefined)).toEqual([]);
});
