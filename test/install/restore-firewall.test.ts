/** The script's reading of the saved state: what it passes on, and what it does not. The kernel is in test/live/boot. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFile } from '../../src/boot-file';
import type { Elements, Mode } from '../../src/domain/firewall';
import type { Until } from '../../src/domain/entry';
import type { Network } from '../../src/domain/network';
import { openBootState } from '../../src/firewall/boot-state';
import { modeRules } from '../../src/firewall/rules';
import { fakeClock } from '../support/fake-clock';
import { PBX } from '../support/firewall-host';
import { memorySaved } from '../support/memory-saved';
import { net } from '../support/net';
import { permittedOf } from '../support/permitted';
import { printed } from '../support/restore-script';

const START = new Date('2026-11-22T13:05:00Z');
const AT = START.getTime() / 1000;
const DAY = 86_400;
/** What the script takes off a lease for the time that loading takes. */
const SPARE = 1;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-restore-'));
  file = join(folder, 'firewall');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function savedText(mode: Mode = 'guard', elements: Elements = new Map()): Promise<string> {
  const saved = memorySaved();
  const boot = openBootState({ saved, clock: fakeClock(START), log: () => undefined, mostMembers: 1000 });
  const trusted = [
    { network: net('192.168.1.0/24'), device: 'eth1.5' },
    { network: net('fd00::/8'), device: 'br-lan' },
  ];
  const web = { ports: [{ protocol: 'tcp' as const, first: 5061, last: 5070 }], guarded: true };
  const services = PBX.services.map((one) =>
    one.name === 'web' ? { ...one, ...web, policy: 'whitelist' as const } : one,
  );
  await boot.keep({ ...PBX, mode, services, trusted, dhcpDevices: ['eth0'] }, elements);
  return saved.text() ?? '';
}

const sip = (...members: [string, Date | 'forever'][]): Elements =>
  new Map([['sip', new Map(members.map(([text, until]) => [net(text), until]))]]);
const inSeconds = (seconds: number) => new Date(START.getTime() + seconds * 1000);

function restore(text: string, now = AT) {
  writeFileSync(file, text);
  const { code, said, lines } = printed(file, now);
  const members = lines.filter((line) => line.startsWith('add ') && !line.startsWith('add tg-trust')).sort();
  return { code, said, lines, members };
}

it.each(['watch', 'guard', 'secure'] as const)('knows every rule and set that we write: %s', async (mode) => {
  const text = await savedText(mode);
  const { code, said, lines } = restore(text);
  expect([code, said.includes('damaged')]).toEqual([0, false]);
  const heads = text.split('\n').filter((line) => /^(create|[46]) /.test(line));
  expect(heads.length).toBeGreaterThan(40);
  const passed = lines.map((line) => line.replace(/^(:|-A)/, (start) => `? ${start}`));
  for (const head of heads) expect(passed).toContain(head.replace(/^[46] /, '? '));
  for (const [chain] of modeRules(mode, PBX, 6)) expect(lines).toContain(`:${chain}`);
  expect(lines).toContain('add tg-trust4 192.168.1.0/24,eth1.5');
  expect(lines).toContain('add tg-trust6 fd00::/8,br-lan');
});

describe('permitted countries', () => {
  let text: string;
  let beside: string;
  beforeAll(async () => {
    const [saved, savedCountries] = [memorySaved(), memorySaved()];
    const clock = fakeClock(START);
    const boot = openBootState({ saved, savedCountries, clock, log: () => undefined, mostMembers: 1000 });
    const services = PBX.services.map((one) => (one.name === 'sip' ? { ...one, policy: 'countries' as const } : one));
    await boot.keep(
      {
        ...PBX,
        mode: 'guard',
        services,
        permitted: permittedOf('20.1.0.0/16', '192.0.2.0/24', '198.51.100.7', '2001:db8::/32'),
      },
      sip(['203.0.113.5', 'forever']),
    );
    [text, beside] = [saved.text() ?? '', savedCountries.text() ?? ''];
  });
  afterEach(() => rmSync(`${file}-countries`, { force: true }));
  const phone = 'add tg-sip4 203.0.113.5';
  const all = [
    ...['20.1.0.0/16', '192.0.2.0/24', '198.51.100.7'].map((network) => `add tg-country4 ${network}`),
    ...['20.1.0.0/16', '192.0.0.0/20', '198.51.96.0/20'].map((network) => `add tg-country-outer4 ${network}`),
    ...[
      'add tg-country-inner4 20.1.0.0/16',
      'add tg-country-outer6 2001:db0::/28',
      'add tg-country6 2001:db8::/32',
      phone,
    ],
  ].sort();

  it('come back from a file of their own, whose sets and rules are in the other', () => {
    writeFileSync(`${file}-countries`, beside);
    const { code, said, members, lines } = restore(text);
    expect([code, [...members].sort(), /damaged|not saved/.test(said)]).toEqual([0, all, false]);
    expect(lines).toContain('-A TOLLGATE-GUARD-SIP -m set --match-set tg-country-outer6 src -j TOLLGATE-GUARD-COUNTRY');
    expect(lines).toContain('-A TOLLGATE-GUARD-COUNTRY -m set --match-set tg-country6 src -j ACCEPT');
  });

  it.each<[string, (whole: string) => string | undefined, string]>([
    ['that is not there', () => undefined, 'not saved'],
    ['of which the end is missing', (whole) => whole.split('\n').slice(0, -2).join('\n'), 'damaged'],
    ['with a line of another set', (whole) => whole.replace('tg-country4', 'tg-sip4'), 'damaged'],
    ['with a name instead of an address', (whole) => whole.replace('198.51.100.7', 'example.com'), 'damaged'],
    ['without its first line', (whole) => whole.split('\n').slice(1).join('\n'), 'damaged'],
    ['that is empty', () => '', 'not saved'],
  ])('of a file %s let nobody in: entries alone are let in, and that is told', (_, damage, told) => {
    const damaged = damage(beside);
    if (damaged !== undefined) writeFileSync(`${file}-countries`, damaged);
    const { code, said, members } = restore(text);
    expect([code, members]).toEqual([0, [phone]]);
    expect(said).toContain(`the permitted countries are ${told}: entries alone are let in`);
  });

  it('of a file that nobody’s rules ask for are left alone', async () => {
    writeFileSync(`${file}-countries`, beside);
    const { code, said, members } = restore(await savedText('guard'));
    expect([code, members, said.includes('countries')]).toEqual([0, [], false]);
  });
});

describe('ends', () => {
  const FIVE: Elements = new Map<string, ReadonlyMap<Network, Until>>([
    ...sip(
      ['192.0.2.1', 'forever'],
      ['192.0.2.2', inSeconds(3600)],
      ['2001:db8::/64', inSeconds(30 * DAY)],
      ['192.0.2.3', inSeconds(100)],
    ),
    [
      'block',
      new Map<Network, Until>([
        [net('198.51.100.9'), inSeconds(100)],
        [net('2001:db8:9::/64'), 'forever'],
      ]),
    ],
  ]);

  it('are what is left of them, at most 20 days, never more', async () => {
    const { members } = restore(await savedText('guard', FIVE), AT + 50);
    expect(members).toEqual([
      'add tg-block4 198.51.100.9 timeout 50',
      'add tg-block6 2001:db8:9::/64',
      'add tg-sip4 192.0.2.1',
      `add tg-sip4 192.0.2.2 timeout ${3550 - SPARE}`,
      `add tg-sip4 192.0.2.3 timeout ${50 - SPARE}`,
      'add tg-sip6 2001:db8::/64 timeout 1728000',
    ]);
  });

  it('that are over leave their members out', async () => {
    const { members, said } = restore(await savedText('guard', FIVE), AT + 100);
    expect(members.filter((line) => /sip4/.test(line))).toEqual([
      'add tg-sip4 192.0.2.1',
      `add tg-sip4 192.0.2.2 timeout ${3500 - SPARE}`,
    ]);
    expect(said).toContain('2 were over');
  });

  it('cannot be known by a clock before the file’s own time: leases stay out, blocks and what is for good stay', async () => {
    const { members, said } = restore(await savedText('guard', FIVE), AT - 1);
    expect(members).toEqual([
      'add tg-block4 198.51.100.9 timeout 100',
      'add tg-block6 2001:db8:9::/64',
      'add tg-sip4 192.0.2.1',
    ]);
    expect(said).toContain('the clock stands before the saved time: 3 leases left out');
  });

  it('the file’s own time is that of its last line', async () => {
    const text = `${await savedText('guard', FIVE)}at ${AT + 1000}\n`;
    expect(restore(text, AT + 999).said).toContain('3 leases left out');
    expect(restore(text, AT + 1000).said).not.toContain('the clock');
  });
});

it('reads what was added, renewed, shortened, closed and opened again behind the base, in order', async () => {
  const base = await savedText(
    'guard',
    sip(['192.0.2.1', 'forever'], ['192.0.2.2', 'forever'], ['192.0.2.3', 'forever']),
  );
  const { members } = restore(
    [
      `${base}at ${AT}`,
      'del tg-sip4 192.0.2.1',
      `add tg-sip4 192.0.2.2 ${AT + 60}`,
      `add tg-sip4 192.0.2.4 ${AT + 60}`,
      `add tg-sip4 192.0.2.4 ${AT + 600}`,
      'del tg-sip4 192.0.2.3',
      'add tg-sip4 192.0.2.3',
      `add tg-iax4 192.0.2.5 ${AT + 60}`,
      'add tg-iax4 192.0.2.5',
      'del tg-iax4 192.0.2.99',
      '',
    ].join('\n'),
  );
  expect(members).toEqual([
    'add tg-iax4 192.0.2.5',
    `add tg-sip4 192.0.2.2 timeout ${60 - SPARE}`,
    'add tg-sip4 192.0.2.3',
    `add tg-sip4 192.0.2.4 timeout ${600 - SPARE}`,
  ]);
});

const DAMAGED = [
  'add tg-sip4 192.0.2.1 timeout 0',
  'add tg-sip4 192.0.2.1; reboot',
  'add tg-sip4 192.0.2.256',
  'add tg-sip4 192.0.2',
  'add tg-sip4 192.0.02.1',
  'add tg-sip4 0.0.0.0/0',
  'add tg-sip4 192.0.2.0/33',
  'add tg-sip4 192.0.2.0/24/24',
  'add tg-sip4 example.org',
  'add tg-sip4 2001:db8::1',
  'add tg-sip6 192.0.2.1',
  'add tg-sip6 2001:db8::1::2',
  'add tg-sip6 2001:db8:::1',
  'add tg-sip6 2001:db8',
  'add tg-sip6 1:2:3:4:5:6:7::8',
  'add tg-sip6 1:2:3:4:5:6:7:8:9',
  'add tg-sip6 2001:db8::12345',
  'add tg-sip6 :2001:db8::1',
  'add tg-sip6 2001:db8::1:',
  'add tg-sip6 ::/129',
  'add tg-sip6 dead:beef',
  'add tg-sip4 192.0.2.1,eth0',
  'add tg-trust4 192.0.2.1',
  'add tg-trust4 192.0.2.1,physdev:eth0',
  'add tg-trust4 192.0.2.1,averyverylongname',
  'add others 192.0.2.1',
  'add tg-unknown4 192.0.2.1',
  'add tg-sip4 192.0.2.1 -5',
  'add tg-sip4 192.0.2.1 1e9',
  'add tg-sip4 192.0.2.1 9999999999999999',
  'del tg-sip4 $(reboot)',
  'del tg-sip4 192.0.2.7 1',
  'flush tg-sip4',
  'destroy tg-sip4',
  'create tg-new4 hash:net family inet maxelem 5 timeout 0 counters',
  '4 -A TOLLGATE -j ACCEPT',
  'at tomorrow',
  'head 3',
  'tollgate-boot 2',
  '\u0000\u0001\u00ff',
];
it.each(DAMAGED)('leaves out %j, and counts it', async (line) => {
  const base = await savedText('guard', sip(['192.0.2.7', 'forever']));
  const { code, members, said } = restore(`${base}${line}\nadd tg-sip4 192.0.2.8\n${line}\n`);
  expect([code, members]).toEqual([0, ['add tg-sip4 192.0.2.7', 'add tg-sip4 192.0.2.8']]);
  expect(said).toContain('2 damaged lines left out');
});

/** What looks whole may be half of another address, of a later end, or of more lines than were acknowledged. */
const CUT_OFF = [
  ...['a', 'add tg-sip4 192.0.2.7', 'add tg-sip4 192.0.2.7 17', `add tg-sip4 192.0.2.7 ${AT + 7200}`],
  ...[`add tg-sip4 192.0.2.70 ${AT + 7200}`, 'del tg-sip4 192.0.2.7', `at ${AT + 100}`],
];
it.each(CUT_OFF)('a process that died behind %j has opened and closed nothing by it', async (half) => {
  const text = `${await savedText('guard', sip(['192.0.2.7', inSeconds(3600)]))}${half}`;
  const told = ['add tg-sip4 192.0.2.7 timeout 3599'];
  expect(restore(text).members).toEqual(told);
  writeFileSync(file, text);
  await bootFile(file, () => undefined).append(['add tg-iax4 192.0.2.8']);
  expect(restore(readFileSync(file, 'utf8')).members).toEqual(['add tg-iax4 192.0.2.8', ...told]);
});

const HOSTILE = [
  '4 -A TOLLGATE -M /tmp/program -j ACCEPT',
  '4 -A TOLLGATE -M program -j ACCEPT',
  '4 -A TOLLGATE --modprobe=/tmp/program -j ACCEPT',
  '4 -A TOLLGATE -j TEE --gateway 192.0.2.1',
  '4 -A TOLLGATE -j INPUT',
  '4 -A TOLLGATE -g OUTPUT',
  '4 -A INPUT -j ACCEPT',
  '4 -A TOLLGATEX -j ACCEPT',
  '4 -I TOLLGATE -j ACCEPT',
  '4 -A TOLLGATE -t nat -j ACCEPT',
  '4 -A TOLLGATE -m bpf --bytecode 1 -j ACCEPT',
  '4 -A TOLLGATE -m ../../../tmp/x -j ACCEPT',
  '4 -A TOLLGATE -s example.org -j ACCEPT',
  '4 -A TOLLGATE -m set --match-set others src -j ACCEPT',
  '4 -A TOLLGATE -m set --match-set tg-sip4 src,dst -j ACCEPT',
  '4 -A TOLLGATE -p udp -j "ACCEPT"',
  '4 -A TOLLGATE -p `reboot` -j ACCEPT',
  '4 -A TOLLGATE -j',
  '4 :INPUT',
  '4 :TOLLGATE;',
  '4 COMMIT',
  '5 -A TOLLGATE -j ACCEPT',
  'create others4 hash:net family inet maxelem 5 timeout 0 counters',
  'create tg-sip4 hash:ip family inet maxelem 5 timeout 0 counters',
  'create tg-x4 hash:net family inet6 maxelem 5 timeout 0 counters',
  'create tg-x4 hash:net family inet maxelem 5 timeout 0 counters comment',
  'create tg-x4 list:set size 8',
  'create tg-x4 bitmap:ip range 0.0.0.0-255.255.255.255 netmask 16',
  'create tg-country-inner6 bitmap:ip range 0.0.0.0-255.255.255.255 netmask 16',
  'create tg-country-inner4 bitmap:ip range 0.0.0.0-255.255.255.255 netmask 16 comment',
];
it.each(HOSTILE)('never passes on %j, and what else is in the head stays whole', async (line) => {
  const base = await savedText();
  const { code, said, lines } = restore(base.replace('\nhead ', `\n${line}\nhead `));
  expect([code, said.includes('1 damaged lines left out')]).toEqual([0, true]);
  expect(lines).toEqual(
    restore(base).lines.map((each) => each.replace(/^(# \d+ rules.*)/, '$1; 1 damaged lines left out')),
  );
});

it.each([
  ['a rule is missing', (text: string) => text.replace(/^4 -A TOLLGATE-GUARD-SIP -j DROP\n/m, '')],
  ['a rule is damaged', (text: string) => text.replace('-j DROP', '-j DRO\u0000')],
  ['a set is missing', (text: string) => text.replace(/^create tg-sip4 .*\n/m, '')],
  ['the head has no end', (text: string) => text.replace(/^head .*\n/m, '')],
  ['it is cut off', (text: string) => text.slice(0, text.length / 2)],
  ['its first line is', (text: string) => text.slice(5)],
  ['it is empty', () => ''],
  ['it is something else', () => 'root:x:0:0:root:/root:/bin/sh\n'],
  ['a newer Tollgate wrote it', (text: string) => text.replace('boot 1', 'boot 2')],
])('restores nothing at all when %s', async (_what, harm) => {
  const { code, said, lines } = restore(harm(await savedText('guard', sip(['192.0.2.7', 'forever']))));
  expect(code).toBe(1);
  expect(said).toMatch(/cannot be restored: it (is damaged|was written by a newer).*; what was in force still is\n$/);
  expect(lines).toHaveLength(1);
});

it('is content with nothing', () => {
  const { code, said } = printed(join(folder, 'none'), AT);
  expect([code, said]).toEqual([0, `tollgate: nothing is saved in ${join(folder, 'none')}: nothing to restore\n`]);
});

it('is not held up by a pipe or a device in the file’s place', () => {
  spawnSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(folder, 'pipe')]);
  symlinkSync('/dev/zero', join(folder, 'zero'));
  for (const name of ['pipe', 'zero']) expect(printed(join(folder, name), AT).said).toContain('nothing to restore');
});

it('fills no set beyond what it holds', async () => {
  const base = await savedText();
  const many = Array.from({ length: 1100 }, (_, i) => `add tg-sip4 10.0.${i >> 8}.${i & 255}`);
  const { members, said } = restore(`${base}${many.join('\n')}\n`);
  expect(members).toHaveLength(1000);
  expect(said).toContain('100 did not fit');
});

it('reads 100,000 entries of three sets in a few seconds', async () => {
  const add = (set: string, i: number) => `add tg-${set}4 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} ${AT + 3600}`;
  const lines = Array.from({ length: 100_000 }, (_, i) => ['sip', 'iax', 'rtp'].map((set) => add(set, i)).join('\n'));
  const text = (await savedText()).replaceAll('maxelem 1000 ', 'maxelem 262144 ');
  const began = performance.now();
  writeFileSync(file, `${text}${lines.join('\n')}\n`);
  expect(printed(file, AT).lines.at(-1)).toContain('300002 members');
  expect(performance.now() - began).toBeLessThan(20_000);
});
