import { changesFor, gatherElements } from '../../src/domain/elements';
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
  policy: 'whitelist',
});
const SERVICES = [service('sip', true), service('iax', true), service('rtp'), service('web')];
const TERMS = { services: SERVICES, outlastSeconds: 3600 };

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
      TERMS,
      NOW,
    );
    expect(ends(changes)).toEqual({ sip: inHours(72), iax: inHours(8), rtp: inHours(8), was: inHours(74) });
  });

  it('have no end when one of them is for good', () => {
    const changes = changesFor(HOTEL, [entry(1, ['sip'], 'forever'), entry(2, ['sip'], inHours(8))], [], TERMS, NOW);
    expect(ends(changes)).toEqual({ sip: 'forever', was: 'forever' });
  });

  it('stay for the other account when one of two behind one address is revoked', () => {
    const changes = changesFor(HOTEL, [entry(2, ['sip'], inHours(8))], [entry(1, ['phone'], inHours(72))], TERMS, NOW);
    expect(ends(changes)).toEqual({ sip: inHours(8), iax: undefined, rtp: undefined, was: inHours(10) });
  });

  it('are remembered for two hours after the last signalling lease has gone', () => {
    const changes = changesFor(HOTEL, [], [entry(1, ['sip'], inHours(72))], TERMS, NOW);
    expect(ends(changes)).toEqual({ sip: undefined, was: inHours(2) });
  });

  it('are not remembered when they never had signalling: our own connections to that address go on', () => {
    const changes = changesFor(HOTEL, [], [entry(1, ['web'], inHours(72))], TERMS, NOW);
    expect(ends(changes)).toEqual({ web: undefined });
  });

  it('do not count an entry whose end has come', () => {
    expect(ends(changesFor(HOTEL, [entry(1, ['web'], NOW)], [], TERMS, NOW))).toEqual({});
  });

  it('of `all` are in every set', () => {
    const changes = changesFor(HOTEL, [entry(1, ['all'], 'forever')], [], TERMS, NOW);
    expect(Object.keys(ends(changes)).sort()).toEqual(['all', 'iax', 'rtp', 'sip', 'was', 'web']);
  });

  it('of a block are in the block set alone', () => {
    expect(ends(changesFor(HOTEL, [entry(1, [], inHours(1), 'block')], [], TERMS, NOW))).toEqual({
      block: inHours(1),
    });
  });
});

describe('a lease that was opened by telephone', () => {
  const lease = { ...entry(1, ['phone'], inHours(72)), account: '12' };
  const ended = { ...lease, until: NOW, state: 'ended' as const };

  it('has its media in the kernel for an hour more, from the first, and nothing else', () => {
    const wanted = { sip: inHours(72), iax: inHours(72), rtp: inHours(73), was: inHours(74) };
    expect(ends(changesFor(HOTEL, [lease], [], TERMS, NOW))).toEqual(wanted);
    expect(ends(changesFor(HOTEL, [{ ...lease, services: ['sip'] }], [], TERMS, NOW))).not.toHaveProperty('rtp');
    expect(ends(changesFor(HOTEL, [{ ...lease, until: 'forever' }], [], TERMS, NOW)).rtp).toBe('forever');
  });

  it('keeps the media of a call that outlasts it, and closes signalling', () => {
    const changes = changesFor(HOTEL, [ended], [ended], TERMS, NOW);
    expect(ends(changes)).toEqual({ sip: undefined, iax: undefined, rtp: inHours(1), was: inHours(2) });
  });

  it('leaves nothing when no call outlasts it, and after its hour', () => {
    const gone = { sip: undefined, iax: undefined, rtp: undefined, was: inHours(2) };
    expect(ends(changesFor(HOTEL, [], [ended], TERMS, NOW))).toEqual(gone);
    const later = changesFor(HOTEL, [ended], [ended], TERMS, inHours(1));
    expect(ends(later)).toEqual({ ...gone, was: inHours(3) });
  });

  it('gives way to a later end of another entry’s media', () => {
    const other = entry(2, ['rtp'], inHours(8));
    expect(ends(changesFor(HOTEL, [other, ended], [ended], TERMS, NOW)).rtp).toEqual(inHours(8));
    expect(ends(changesFor(HOTEL, [other], [ended], TERMS, NOW)).rtp).toEqual(inHours(8));
  });

  it('that has ended and that a call outlasts is no more than its media in the whole', () => {
    const { add, elements } = gatherElements(TERMS, NOW);
    add(ended);
    const held = [...elements].flatMap(([set, members]) => [...members].map((member) => [set, ...member]));
    expect(held).toEqual([['rtp', HOTEL, inHours(1)]]);
  });
});

describe('everything that the kernel must hold', () => {
  it('is every live entry, and whom the kernel still remembers, for as long as it does', () => {
    const other = parseNetwork('192.0.2.9') as Network;
    const { add, remember, elements } = gatherElements(TERMS, NOW);
    add(entry(1, ['sip'], inHours(8)));
    remember([HOTEL, 60]);
    remember([other, 60]);
    expect([...(elements.get('sip') ?? [])]).toEqual([[HOTEL, inHours(8)]]);
    expect([...(elements.get('was') ?? [])]).toEqual([
      [HOTEL, inHours(10)],
      [other, new Date(NOW.getTime() + 60_000)],
    ]);
    expect([...elements.keys()].sort()).toEqual(['all', 'block', 'iax', 'rtp', 'sip', 'was', 'web']);
  });

  it('is for each network what its own entries say, in whatever order they come', () => {
    const { add, elements } = gatherElements(TERMS, NOW);
    const leases = [8, 8, 3, 72, 8].map((hours, i): Entry => {
      const network = parseNetwork(`192.0.2.${i}`) as Network;
      return { ...entry(i, ['phone'], inHours(hours)), network, account: i === 1 ? undefined : '12' };
    });
    for (const lease of leases) add(lease);
    for (const lease of leases) {
      const held = [...elements].map(([set, members]) => [set, members.get(lease.network)] as const);
      const expected = ends(changesFor(lease.network, [lease], [], TERMS, NOW));
      expect(Object.fromEntries(held.filter(([, until]) => until !== undefined))).toEqual(expected);
    }
  });
});
