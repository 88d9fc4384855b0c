import { changesFor, elementsFor } from '../../src/domain/elements';
import type { Entry } from '../../src/domain/entry';
import { parseNetwork, type Network } from '../../src/domain/network';
import type { Service } from '../../src/domain/service';

const NOW = new Date('2026-01-01T12:00:00Z');
const inHours = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
const HOTEL = parseNetwork('198.51.100.77') as Network;

const service = (name: string, signalling = false): Service => ({
  name,
  ports: [],
  guarded: signalling,
  signalling,
  open: false,
});
const SERVICES = [service('sip', true), service('iax', true), service('rtp'), service('web')];

const entry = (
  id: number,
  services: readonly string[],
  until: Entry['until'],
  kind: Entry['kind'] = 'allow',
): Entry => ({
  ...{ id, kind, services, until, what: HOTEL, network: HOTEL, account: undefined, by: 'root', since: NOW },
  ...{ name: undefined, note: undefined, state: 'open', provedAt: undefined },
});
const ends = (changes: ReturnType<typeof changesFor>) =>
  Object.fromEntries(changes.map(({ set, until }) => [set, until]));

describe('the members of one network', () => {
  it('are the union of its live entries: the latest end wins', () => {
    const changes = changesFor(
      HOTEL,
      [entry(1, ['phone'], inHours(8)), entry(2, ['sip'], inHours(72))],
      [],
      SERVICES,
      NOW,
    );
    expect(ends(changes)).toEqual({ sip: inHours(72), iax: inHours(8), rtp: inHours(8), was: inHours(74) });
  });

  it('have no end when one of them is for good', () => {
    const changes = changesFor(HOTEL, [entry(1, ['sip'], 'forever'), entry(2, ['sip'], inHours(8))], [], SERVICES, NOW);
    expect(ends(changes)).toEqual({ sip: 'forever', was: 'forever' });
  });

  it('stay for the other account when one of two behind one address is revoked', () => {
    const changes = changesFor(
      HOTEL,
      [entry(2, ['sip'], inHours(8))],
      [entry(1, ['phone'], inHours(72))],
      SERVICES,
      NOW,
    );
    expect(ends(changes)).toEqual({ sip: inHours(8), iax: undefined, rtp: undefined, was: inHours(10) });
  });

  it('are remembered for two hours after the last signalling lease has gone', () => {
    const changes = changesFor(HOTEL, [], [entry(1, ['sip'], inHours(72))], SERVICES, NOW);
    expect(ends(changes)).toEqual({ sip: undefined, was: inHours(2) });
  });

  it('are not remembered when they never had signalling: our own connections to that address go on', () => {
    const changes = changesFor(HOTEL, [], [entry(1, ['web'], inHours(72))], SERVICES, NOW);
    expect(ends(changes)).toEqual({ web: undefined });
  });

  it('do not count an entry whose end has come', () => {
    expect(ends(changesFor(HOTEL, [entry(1, ['web'], NOW)], [], SERVICES, NOW))).toEqual({});
  });

  it('of `all` are in every set', () => {
    const changes = changesFor(HOTEL, [entry(1, ['all'], 'forever')], [], SERVICES, NOW);
    expect(Object.keys(ends(changes)).sort()).toEqual(['all', 'iax', 'rtp', 'sip', 'was', 'web']);
  });

  it('of a block are in the block set alone', () => {
    expect(ends(changesFor(HOTEL, [entry(1, [], inHours(1), 'block')], [], SERVICES, NOW))).toEqual({
      block: inHours(1),
    });
  });
});

describe('everything that the kernel must hold', () => {
  it('is every live entry, and whom the kernel still remembers, for as long as it does', () => {
    const other = parseNetwork('192.0.2.9') as Network;
    const remembered = [
      { set: 'was', network: other, secondsLeft: 60, packets: 0 },
      { set: 'sip', network: other, secondsLeft: 60, packets: 0 },
    ];
    const elements = elementsFor([entry(1, ['sip'], inHours(8))], SERVICES, remembered, NOW);
    expect([...(elements.get('sip') ?? [])]).toEqual([[HOTEL, inHours(8)]]);
    expect([...(elements.get('was') ?? [])]).toEqual([
      [other, new Date(NOW.getTime() + 60_000)],
      [HOTEL, inHours(10)],
    ]);
    expect([...elements.keys()].sort()).toEqual(['all', 'block', 'iax', 'rtp', 'sip', 'was', 'web']);
  });
});
