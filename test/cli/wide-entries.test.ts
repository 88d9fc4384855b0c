/** What stands for more than one address, as people type it and read it. */
import { allowed, entry, tollgate } from './fake-world';

const addresses = Array.from({ length: 32 }, (_, i) => `192.0.2.${i}`);
const office = entry({ what: 'office.example.com', kind: 'name', addresses, note: 'home of Ann' });

it.each([
  ['allow 192.0.2.0 255.255.255.0', '192.0.2.0 255.255.255.0'],
  ['allow 192.0.2.10 - 192.0.2.20', '192.0.2.10 - 192.0.2.20'],
  ['block 192.0.2.0 255.255.255.0', '192.0.2.0 255.255.255.0'],
  ['revoke 192.0.2.0 255.255.255.0', '192.0.2.0 255.255.255.0'],
  ['unblock 192.0.2.0 255.255.255.0', '192.0.2.0 255.255.255.0'],
  ['explain 192.0.2.0 255.255.255.0', '192.0.2.0 255.255.255.0'],
])('tollgate %s needs no quotes', async (typed, what) => {
  expect((await tollgate(typed.split(' '))).asked[0]?.[1]).toMatchObject({ what });
});

it('a name shows the first of its addresses, and how many more there are', async () => {
  const list = () => Promise.resolve([office, entry()]);
  const { out } = await tollgate(['list'], { operations: { list } });
  const [head, first] = out.split('\n');
  expect(head).toMatch(/WHAT +ADDRESSES +SERVICES/);
  expect(out).toContain('+30 more');
  expect(first).toMatch(/office\.example\.com +192\.0\.2\.0/);
  expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(140);
});

it('a list without names has no column for addresses', async () => {
  expect((await tollgate(['list'])).out).not.toContain('ADDRESSES');
});

it('--plain keeps one line each, with name and note', async () => {
  const list = () => Promise.resolve([office, entry({ name: 'desk' }), entry()]);
  const { out } = await tollgate(['list', '--plain'], { operations: { list } });
  expect(out.split('\n').map((line) => line.split('\t').slice(6))).toEqual([
    ['active', '', 'home of Ann'],
    ['active', 'desk'],
    ['active'],
  ]);
});

it('tells what a range or name stands for when it is let in', async () => {
  const allow = () => Promise.resolve(allowed(office));
  const { out } = await tollgate(['allow', 'office.example.com'], { operations: { allow } });
  expect(out).toContain('It stands for 192.0.2.0 192.0.2.1 +30 more.');
});

it('tells who writes an address with a length that a network is open', async () => {
  const allow = () => Promise.resolve(allowed({ what: '192.0.2.0/24', kind: 'network', addresses: ['192.0.2.0/24'] }));
  const told = async (what: string) => (await tollgate(['allow', what], { operations: { allow } })).out;
  expect(await told('192.0.2.7/24')).toContain('for the one address: tollgate allow 192.0.2.7');
  expect(await told('192.0.2.0/24')).not.toContain('for the one address');
});

it('a block of a range shows what it stands for', async () => {
  const block = () => Promise.resolve(entry({ kind: 'block', what: '192.0.2.0-192.0.2.31', addresses, services: [] }));
  const { out } = await tollgate(['block', '192.0.2.0-31'], { operations: { block } });
  expect(out).toMatch(/^192\.0\.2\.0-192\.0\.2\.31 \(192\.0\.2\.0 192\.0\.2\.1 \+30 more\) is blocked/);
});
