import { country, range } from './country-answers';
import { tollgate } from './fake-world';

const BY = { by: 'root' };
const [FIRST, LAST] = ['203.0.113.5', '203.0.113.9'];

const table: readonly (readonly [string, readonly [string, unknown], readonly RegExp[]])[] = [
  ['country permit us CA', ['countryPermit', { countries: ['us', 'CA'], ...BY }], [/^US \(United States\) is permitted\./]],
  [
    'country deny US --dry-run',
    ['countryDeny', { countries: ['US'], ...BY, dryRun: true }],
    [/would be denied/, /Nothing was changed/],
  ],
  ['country forget US', ['countryForget', { countries: ['US'], ...BY }], [/neither permitted nor denied/]],
  ['country list', ['countryList', {}], [/COUNTRY +NAME/, /US +United States +permit +39,976 +1,514,791,329 +32,488/]],
  ['country list --all', ['countryList', { all: true }], [/United States/]],
  ['country lookup 198.51.100.7', ['countryLookup', { what: '198.51.100.7' }], [/3325256711/, /a stranger +yes/]],
  [
    'country refresh',
    ['countryAdopt', { table: 'incoming-0011223344556677', tried: [], ...BY }],
    [/^Now in force: DB-IP lite of 2026-11-01, 385,372 IPv4 and 276,388 IPv6 ranges\nLicence: CC BY 4\.0/],
  ],
  [
    'country refresh --from x.csv --dry-run',
    ['countryAdopt', { table: 'incoming-0011223344556677', tried: [], ...BY, dryRun: true }],
    [/This would be in force/, /Nothing was changed/],
  ],
  [
    `range permit ${FIRST} ${LAST} --note office`,
    ['rangePermit', { first: FIRST, last: LAST, ...BY, note: 'office' }],
    [/^203\.0\.113\.5 to 203\.0\.113\.9 is permitted: 5 addresses\./],
  ],
  [`range deny ${FIRST}/30`, ['rangeDeny', { first: `${FIRST}/30`, ...BY }], [/was in the list; it is denied/]],
  [`range show ${FIRST} ${LAST}`, ['rangeShow', { first: FIRST, last: LAST }], [/last +203\.0\.113\.9 +3405803785/]],
  ['range list', ['rangeList', {}], [/203\.0\.113\.5 +203\.0\.113\.9 +AA +permit +root +22 Nov 10:30/]],
  [
    `range remove ${FIRST} ${LAST} --dry-run`,
    ['rangeRemove', { first: FIRST, last: LAST, ...BY, dryRun: true }],
    [/would be no longer permitted/, /Nothing was changed/],
  ],
]; // prettier-ignore

it.each(table)('tollgate %s asks the product and tells people', async (typed, asked, read) => {
  const ran = await tollgate(typed.split(' '));
  expect(ran).toMatchObject({ code: 0, err: '', closed: true });
  expect(ran.asked).toStrictEqual([asked]);
  for (const pattern of read) expect(ran.out).toMatch(pattern);
});

it.each(table)('tollgate %s --json prints JSON and nothing else', async (typed) => {
  const ran = await tollgate([...typed.split(' '), '--json']);
  expect(ran.code).toBe(0);
  expect(typeof JSON.parse(ran.out)).toBe('object');
});

describe('whoever would be outside', () => {
  const change = {
    ...{ changed: [country()], outside: ['phone 701 198.51.100.7 (Germany (DE))'] },
    cutOff: ['phone 701 198.51.100.7 (Germany (DE))'],
    ...{ unsure: 'Asterisk tells no address of trunk x', idle: null },
  };
  it('is named when a country is permitted', async () => {
    const { out } = await tollgate(['country', 'permit', 'US'], {
      operations: { countryPermit: () => Promise.resolve(change) },
    });
    expect(out).toMatch(/A stranger by these tables: phone 701 198\.51\.100\.7 \(Germany \(DE\)\)/);
    expect(out).toMatch(/Blocked, because it has registered: phone 701/);
    expect(out).toMatch(/Not certain: Asterisk tells no address of trunk x/);
    expect(out).toMatch(/→ permit its country or range, or let its address in/);
  });
  it('is nobody while nothing is permitted, and that is said too', async () => {
    const shape = {
      range: range(),
      change: 'removed',
      outside: [],
      cutOff: [],
      unsure: null,
      idle: 'nothing is permitted',
    } as const;
    const { out } = await tollgate(['range', 'remove', '203.0.113.5', '203.0.113.9'], {
      operations: { rangeRemove: () => Promise.resolve(shape) },
    });
    expect(out).toMatch(/Only who is denied is a stranger: nothing is permitted\./);
  });
});

it('a range said twice is told, and the command has not failed', async () => {
  const shape = { range: range(), change: 'same', outside: [], cutOff: [], unsure: null, idle: null } as const;
  const ran = await tollgate(['range', 'permit', '203.0.113.5', '203.0.113.9'], {
    operations: { rangePermit: () => Promise.resolve(shape) },
  });
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/was permitted already\. Nothing was changed\./);
});

it('check ends with 1 when one peer is ko, and shows all of them', async () => {
  const ran = await tollgate(['check']);
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/701 +PJSIP +192\.0\.2\.7 +US +ok +permitted: US/);
  expect(ran.out).toMatch(/old +IAX2 +198\.51\.100\.7 +DE +ko +a stranger/);
  expect(JSON.parse((await tollgate(['check', '--json'])).out)).toHaveLength(2);
});

it('the progress of a download is shown, and wiped before the answer', async () => {
  const shown: (string | undefined)[] = [];
  await tollgate(['country', 'refresh'], { terminal: { progress: (text) => void shown.push(text) } });
  expect(shown).toEqual([`download [${'#'.repeat(15)}${'.'.repeat(15)}] 50 %`, undefined]);
});
