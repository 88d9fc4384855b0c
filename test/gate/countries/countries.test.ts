/** Countries and ranges as people ask for them, over a real store and a real table. */
import type { Peer } from '../../../src/domain/phones';
import { openGate } from '../../../src/gate/gate';
import { DBIP_LINES } from '../../support/country-files';
import { refreshFrom } from '../../support/country-refresh';
import { memoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const DAY = 24 * 3_600_000;
const by = 'root';
const [US, DE, JP] = ['192.0.2.7', '198.51.100.7', '203.0.113.7'];
const caller = { number: '14045551212', channel: 'PJSIP/carrier-1' };

let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall, undefined, { own: ['192.0.2.1'] });
});
afterEach(() => gate.close());

const refresh = (lines = DBIP_LINES) => refreshFrom(gate, by, lines);
const permit = (...countries: string[]) => gate.operations.countryPermit({ by, countries });
const stranger = async (what: string) => (await gate.operations.countryLookup({ what })).stranger;
const peer = (name: string, text: string, kind: Peer['kind'] = 'phone'): Peer => ({
  name,
  channel: 'PJSIP',
  address: address(text),
  kind,
});
const journal = async () =>
  (await gate.operations.log({ limit: 50 })).map(({ action, what, why }) => `${action} ${what}: ${why}`);
const part = async () => (await gate.operations.status({})).parts.find(({ name }) => name === 'countries');

describe('a country', () => {
  beforeEach(async () => {
    await refresh();
  });

  it('that is permitted lets its people in, and everybody else is a stranger', async () => {
    const { changed, idle } = await permit('us');
    expect(changed).toMatchObject([{ country: 'US', name: 'United States', permission: 'permit', by, addresses: 256 }]);
    expect(idle).toBeNull();
    expect([await stranger(US), await stranger(DE), await stranger('2001:db8::7')]).toEqual([false, true, false]);
    expect(await journal()).toContain('country United States (US): Permitted.');
  });
  it('that is denied wins over a permitted range, and may be forgotten again', async () => {
    await permit('US', 'DE');
    await gate.operations.rangePermit({ by, first: `${DE}/32` });
    await gate.operations.countryDeny({ by, countries: ['DE'] });
    expect(await gate.operations.countryLookup({ what: DE })).toEqual({
      ...{ address: DE, integer: '3325256711', country: 'DE', permit: true, deny: true, stranger: true },
    });
    await gate.operations.countryForget({ by, countries: ['DE'] });
    expect(await stranger(DE)).toBe(false);
    expect((await gate.operations.countryList({})).map(({ country }) => country)).toEqual(['US']);
    expect((await gate.operations.countryList({ all: true })).map(({ country }) => country)).toEqual([
      'DE',
      'JP',
      'US',
    ]);
  });
  it('is not changed by a dry run', async () => {
    await gate.operations.countryPermit({ by, countries: ['US'], dryRun: true });
    expect(await gate.operations.countryList({})).toEqual([]);
  });
  it('is refused where there is none, and the letters that are meant are proposed', async () => {
    await expect(permit('UK')).rejects.toMatchObject({ code: 'MISUSED', hint: 'did you mean GB?' });
    for (const letters of ['XQ', 'AA', 'USA', ''])
      await expect(permit(letters)).rejects.toMatchObject({ code: 'MISUSED' });
  });
  it('is the last one that was permitted: then only who is denied is a stranger, and that is told', async () => {
    await permit('US');
    const { idle } = await gate.operations.countryForget({ by, countries: ['US'] });
    expect(idle).toMatch(/no country and no range is permitted/);
    expect(await stranger(DE)).toBe(false);
    expect(await part()).toMatchObject({ state: 'off' });
  });
});

describe('whoever would be a stranger', () => {
  beforeEach(async () => {
    await refresh();
    gate.asterisk.peersNow = [peer('701', DE), peer('trunk', JP, 'trunk'), peer('702', US)];
  });
  it('is named before anybody is cut off: this PBX, a phone, a trunk', async () => {
    const { outside } = await gate.operations.countryPermit({ by, countries: ['DE'], dryRun: true });
    expect(outside).toEqual([
      'this PBX 192.0.2.1 (United States (US))',
      'trunk trunk 203.0.113.7 (Japan (JP))',
      'phone 702 192.0.2.7 (United States (US))',
    ]);
  });
  it('is not who has an open entry', async () => {
    await gate.operations.allow({ by, what: JP });
    expect((await permit('US', 'DE')).outside).toEqual([]);
  });
  it('is not known without Asterisk, and that is told, not failed on', async () => {
    gate.asterisk.isDown = true;
    expect(await permit('US')).toMatchObject({
      outside: [],
      unsure: expect.stringMatching(/nobody can say/) as string,
    });
  });
  it('may be a trunk that Asterisk knows by a name or a network', async () => {
    gate.names.set('sip.example.com', { A: [JP] });
    const tokyo: Peer = { name: 'tokyo', host: 'sip.example.com', address: undefined, kind: 'trunk' };
    gate.asterisk.peersNow = [tokyo, peer('berlin', '198.51.100.0/28', 'trunk')];
    expect(await permit('US')).toMatchObject({
      outside: [`trunk tokyo ${JP} (Japan (JP))`, 'trunk berlin 198.51.100.0/28 (Germany (DE))'],
      unsure: null,
    });
  });
  it('is not certain where DNS does not tell where a trunk is', async () => {
    gate.asterisk.peersNow = [{ name: 'tokyo', host: 'sip.example.com', address: undefined, kind: 'trunk' }];
    expect(await permit('US')).toMatchObject({ unsure: 'where trunk tokyo is: DNS knows no address of it' });
  });
});

describe('a range by hand', () => {
  const range = { by, first: '198.51.100.5', last: '198.51.100.9' };
  beforeEach(async () => {
    await refresh();
    await permit('US');
  });

  it('is permitted with its integers and the country AA', async () => {
    expect(await gate.operations.rangePermit({ ...range, note: 'office' })).toMatchObject({
      change: 'added',
      range: { ...{ first: '198.51.100.5', last: '198.51.100.9', country: 'AA', addresses: '5', note: 'office' }, integers: { first: '3325256709', last: '3325256713' } },
    });
    expect([await stranger('198.51.100.9'), await stranger('198.51.100.10')]).toEqual([false, true]);
    expect(await journal()).toContain('range 198.51.100.5-198.51.100.9: Permitted by hand.');
  }); // prettier-ignore
  it('that is said twice is told, and nothing is written', async () => {
    await gate.operations.rangePermit(range);
    const before = await journal();
    expect(await gate.operations.rangePermit(range)).toMatchObject({ change: 'same' });
    expect(await journal()).toEqual(before);
    expect(await gate.operations.rangeDeny(range)).toMatchObject({ change: 'changed', range: { permission: 'deny' } });
    expect(await stranger('198.51.100.7')).toBe(true);
  });
  it('may deny a part of a permitted country, or a private network', async () => {
    await gate.operations.rangeDeny({ by, first: '192.0.2.0/28' });
    expect([await stranger(US), await stranger('192.0.2.17')]).toEqual([true, false]);
    expect(await stranger('10.0.0.1')).toBe(false);
    await gate.operations.rangeDeny({ by, first: '10.0.0.0/8' });
    expect(await stranger('10.0.0.1')).toBe(true);
    await gate.operations.rangeRemove({ by, first: '10.0.0.0/8' });
    expect(await stranger('10.0.0.1')).toBe(false);
  });
  it('is shown without being added, also over IPv6', async () => {
    expect(await gate.operations.rangeShow({ first: '2001:db8::/126' })).toMatchObject({
      ...{ last: '2001:db8::3', addresses: '4', country: 'US', permission: null },
      integers: { first: '42540766411282592856903984951653826560', last: '42540766411282592856903984951653826563' },
    });
    expect((await gate.operations.rangeList({})).every(({ by: who }) => who === 'built in')).toBe(true);
  });
  it.each([['198.51.100.9', '198.51.100.5'], ['198.51.100.9', '2001:db8::1'], ['x', undefined], ['1.2.3', undefined]])('%s to %s is none', async (first, last) => {
    await expect(gate.operations.rangePermit({ by, first, ...(last !== undefined && { last }) })).rejects.toMatchObject({ code: 'MISUSED' });
  }); // prettier-ignore
  it('that is not there cannot be removed', async () => {
    await expect(gate.operations.rangeRemove(range)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
  it('outlives a new table, and so do the countries', async () => {
    await gate.operations.rangePermit(range);
    await refresh(`${DBIP_LINES}\n192.0.3.0,192.0.3.255,CA`);
    expect([await stranger(US), await stranger('198.51.100.7'), await stranger('192.0.3.1')]).toEqual([false, false, true]);
    expect(await journal()).toContain('country-data DB-IP lite: A new country table of 2026-11-22: 4 IPv4 and 1 IPv6 ranges.'.replace('2026-11-22', (await gate.parts.countries.data.facts())?.dated.toISOString().slice(0, 10) ?? ''));
  }); // prettier-ignore
});

describe('a traveller', () => {
  const open = async (what: string) => {
    await gate.operations.init({ by });
    await gate.operations.accountAdd({ by, number: '12', name: 'Ann', email: 'ann@example.com', pin: '73914628' });
    const traveller = await gate.doorkeeper.identify('12', '73914628', caller);
    if (!traveller) throw new Error('the PIN is right');
    return gate.doorkeeper.open(traveller, address(what), caller);
  };
  beforeEach(async () => {
    await refresh();
    await permit('US');
  });
  it('who opens an address in a country that is not permitted is no stranger there', async () => {
    await open(DE);
    expect(await gate.operations.countryLookup({ what: DE })).toMatchObject({ permit: false, stranger: false });
    expect(gate.notices.at(-1)).toMatchObject({ kind: 'opened', country: 'DE' });
    expect(await gate.operations.list({})).toMatchObject([{ what: DE, country: 'DE' }]);
  });
  it('may not open an address that is denied', async () => {
    await gate.operations.rangeDeny({ by, first: '198.51.100.0/24' });
    expect(await gate.doorkeeper.refusalOf(address(DE))).toEqual({ reason: 'denied', country: 'DE' });
    expect(await gate.doorkeeper.refusalOf(address(JP))).toBeUndefined();
    await expect(open(DE)).rejects.toMatchObject({ code: 'REFUSED' });
  });
  it('is told no country of a denied address that the data do not know', async () => {
    await gate.operations.rangeDeny({ by, first: '203.0.114.0/24' });
    expect(await gate.doorkeeper.refusalOf(address('203.0.114.9'))).toEqual({ reason: 'denied' });
  });
  it('is told of a denied country too', async () => {
    await gate.operations.countryDeny({ by, countries: ['JP'] });
    expect(await gate.doorkeeper.refusalOf(address(JP))).toEqual({ reason: 'denied', country: 'JP' });
  });
});

it('explain tells the country, and who is a stranger', async () => {
  await refresh();
  await permit('US');
  const { country, because } = await gate.operations.explain({ what: DE });
  expect(country).toBe('DE');
  expect(because.at(-1)).toMatchObject({ step: 'country', text: expect.stringMatching(/A stranger: Germany \(DE\), it is not permitted/) as string });
}); // prettier-ignore

it('check shows every phone and trunk, ok or ko, and why', async () => {
  await refresh();
  await permit('US');
  await gate.operations.block({ by, what: '192.0.2.66' });
  await gate.operations.allow({ by, what: JP, name: 'tokyo' });
  const nameless: Peer = { name: 'sip.example.com', channel: 'PJSIP', address: undefined, kind: 'trunk' };
  gate.asterisk.peersNow = [peer('1', US), peer('2', DE), peer('3', JP, 'trunk'), peer('4', '192.0.2.66'), peer('5', '192.0.2.1'), peer('6', '10.0.0.1'), nameless];
  expect((await gate.operations.check({})).map(({ peer: name, country, ok, why }) => [name, country, ok, why])).toEqual([
    ['1', 'US', true, 'permitted: United States (US)'],
    ['2', 'DE', false, 'a stranger: Germany (DE) is not permitted'],
    ['3', 'JP', true, expect.stringMatching(/^open by entry \d+ \(203\.0\.113\.7\)$/)],
    ['4', 'US', false, expect.stringMatching(/^blocked by entry \d+$/)],
    ['5', 'US', true, "this machine's own address"],
    ['6', null, true, expect.stringMatching(/permitted/)],
    ['sip.example.com', null, true, expect.stringMatching(/no address to judge/)],
  ]);
}); // prettier-ignore

it('check and status say that only who is denied is a stranger, where nothing is permitted', async () => {
  await refresh();
  await gate.operations.countryDeny({ by, countries: ['JP'] });
  gate.asterisk.peersNow = [peer('1', DE), peer('2', JP)];
  const why = 'only who is denied is a stranger: no country and no range is permitted';
  expect((await gate.operations.check({})).map((row) => [row.country, row.ok, row.why])).toEqual([
    ['DE', true, why],
    ['JP', false, 'a stranger: Japan (JP) or its range is denied'],
  ]);
  expect(await part()).toMatchObject({ state: 'warn', detail: expect.stringContaining(why) as string });
}); // prettier-ignore

describe('check says what the watch over strangers does', () => {
  const settings = '[country]\nregistrations = "enforce"\ncalls = "enforce"\nexceptions = ["203.0.113.8"]\n';
  beforeEach(async () => {
    await gate.close();
    gate = await testGate(memoryFirewall, settings, { own: ['192.0.2.1'] });
    await refresh();
    await gate.operations.init({ by });
    await permit('US');
    const match = { of: 'endpoint berlin', setting: 'match', value: '198.51.100.0/28', form: 'hosts', speaks: 'sip' } as const;
    gate.asterisk.knownNow = { mentions: [match], leftOut: [] };
  });
  const checked = async () => (await gate.operations.check({})).map(({ address: at, ok, why }) => [at, ok, why]);

  it('of trunks that Asterisk knows, networks included, of exceptions, and of all others', async () => {
    const all = [peer('berlin', '198.51.100.0/28', 'trunk'), peer('berlin', '198.51.100.9', 'trunk'), peer('701', '203.0.113.8'), peer('702', DE.replace(/7$/, '17')), peer('703', US)];
    gate.asterisk.peersNow = all;
    expect(await checked()).toEqual([
      ['198.51.100.0/28', true, 'a trunk that Asterisk knows'],
      ['198.51.100.9', true, 'a trunk that Asterisk knows'],
      ['203.0.113.8', true, 'an exception of the settings'],
      ['198.51.100.17', false, 'a stranger: Germany (DE) is not permitted'],
      [US, true, 'permitted: United States (US)'],
    ]);
    const calls = await Promise.all(all.map(({ address: from }) => gate.strangerDoor.check(from, caller)));
    expect(calls.map(({ stranger: is }) => !is)).toEqual((await checked()).map(([, ok]) => ok));
    for (const { name, address: from } of all.slice(1)) if (from) await gate.proof({ extension: name, address: from });
    await gate.settled();
    const blocked = (await gate.parts.firewall.members('block')).map(({ network }) => network);
    expect(blocked).toEqual(['198.51.100.17']);
  });

  it('also where the kernel hears everybody: a stranger is one, whatever lets his packets in', async () => {
    const open = gate.parts.services.map((service) => (service.signalling ? { ...service, policy: 'open' as const } : service));
    const anyone = openGate({ ...gate.parts, services: open }, () => Promise.resolve([]));
    gate.asterisk.peersNow = [peer('702', '198.51.100.17'), peer('703', US)];
    await anyone.operations.guard({ by, lose: [], here: true });
    expect((await anyone.operations.check({})).map(({ ok, why }) => [ok, why])).toEqual([
      [false, 'a stranger: Germany (DE) is not permitted'],
      [true, 'let in without an entry: by its network or country'],
    ]);
  });
}); // prettier-ignore

describe('status', () => {
  it('fails when countries are permitted and there are no data', async () => {
    expect(await part()).toMatchObject({ state: 'off', hint: 'tollgate country refresh' });
    await permit('US');
    expect(await part()).toMatchObject({ state: 'fail', detail: 'there are no country data' });
    expect(await stranger(DE)).toBe(false);
  });
  it('warns when they are too old', async () => {
    await refresh();
    await permit('US');
    expect(await part()).toMatchObject({ state: 'ok', detail: expect.stringMatching(/DB-IP lite of .*permitted: US/) as string });
    const { dated } = (await gate.parts.countries.data.facts()) ?? { dated: new Date() };
    await gate.clock.advance(dated.getTime() + 61 * DAY - gate.clock.now().getTime());
    expect(await part()).toMatchObject({ state: 'warn', detail: expect.stringMatching(/61 days old/) as string });
  });
}); // prettier-ignore

describe('data that are too old', () => {
  const told = () => gate.notices.flatMap((notice) => (notice.kind === 'country-old' ? [notice.days] : []));
  const after = async (days: number, { tick } = gate as Pick<TestGate, 'tick'>) => {
    const { dated } = (await gate.parts.countries.data.facts()) ?? { dated: new Date() };
    await gate.clock.advance(dated.getTime() + days * DAY - gate.clock.now().getTime());
    await tick();
  };
  it('are mailed of once a month, whether Tollgate starts anew or not', async () => {
    await refresh();
    await permit('US');
    for (const days of [59, 61, 62]) await after(days);
    expect(gate.notices.at(-1)).toMatchObject({ kind: 'country-old', source: 'DB-IP lite', days: 61, most: 60 });
    await after(
      70,
      openGate(gate.parts, () => Promise.resolve([])),
    );
    expect(told()).toEqual([61]);
    for (const days of [91, 92]) await after(days);
    expect(told()).toEqual([61, 91]);
  });
  it('are no news where no country is permitted or denied', async () => {
    await refresh();
    await after(500);
    expect(told()).toEqual([]);
  });
});
