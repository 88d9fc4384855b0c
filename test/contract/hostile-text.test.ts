/** What strangers and admins write, from end to end: journal, terminal, JSON, log and mail show it and are not moved by it. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller } from '../../src/domain/doorkeeper';
import { openGate, type Gate } from '../../src/gate/gate';
import { openLog } from '../../src/log';
import { fileTransport } from '../../src/mail/files';
import { openPost } from '../../src/mail/open';
import { tollgate } from '../cli/fake-world';
import { SETTINGS } from '../support/mail-fixtures';
import { memoryFirewall } from '../support/memory-firewall';
import { readLetter, type ReadLetter } from '../support/read-letter';
import { address, testGate, type TestGate } from '../support/test-gate';

const PIN = '73914628';
const HOTEL = '198.51.100.77';
const by = 'root';
const PAYLOADS = [
  '"><script>alert(1)</script><!--',
  'x\r\nBcc: thief@example.org\r\n\r\nbody',
  '\u001b[2J\u001b]0;owned\u0007\u009b31m',
  '\u202egnp.exe\u2066\u061c\u200e',
  'a\u{e0041}\u0000b\ud83d\u200b\ufeff\u00ad',
  '| 1 | sep\tarated %s ${HOME} $(id) `id` \\',
];
/** The longest that an edge lets in. */
const HOSTILE = PAYLOADS.join(' ').padEnd(200, 'W');
/** All that a terminal, a log's reader or a mail program could obey; line breaks are looked at apart. */
const HARMFUL =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]|\p{Surrogate}/u;

let world: TestGate;
let gate: Gate;
let folder: string;
let logged: () => string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-hostile-'));
  world = await testGate(memoryFirewall);
  const fd = openSync(join(folder, 'log'), 'w');
  const log = openLog(fd, { atOnce: true });
  const settings = { ...SETTINGS, pbxName: HOSTILE, tellAdmin: 'everything', folder } as const;
  const post = openPost(settings, { store: world.store, clock: world.clock, random: randomBytes, log });
  gate = openGate({ ...world.parts, post, log }, () => Promise.resolve([]));
  logged = () => readFileSync(join(folder, 'log'), 'utf8');
  await gate.operations.init({ by });
  closers.push(() => closeSync(fd));
});
const closers: (() => void)[] = [];
afterEach(async () => {
  await world.close();
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true });
});

/** Everything that can carry foreign text happens once. */
async function live(hostile: string): Promise<void> {
  const { operations, doorkeeper } = gate;
  const caller: Caller = { number: hostile, channel: hostile };
  await operations.accountAdd({
    ...{ by: hostile, number: '12', name: hostile, email: 'ann@example.com', pin: PIN },
    ...{ extensions: [hostile], leaseSeconds: 5 * 3600 },
  });
  for (let i = 0; i < 5; i++) await doorkeeper.identify('12', '00000001', caller);
  await doorkeeper.identify(hostile, hostile, caller);
  await operations.accountUnlock({ by, number: '12' });
  const traveller = await doorkeeper.identify('12', PIN, { ...caller, number: undefined });
  if (!traveller) throw new Error('the PIN is right');
  await doorkeeper.open(traveller, address(HOTEL), caller);
  await world.clock.advance(4 * 3_600_000);
  await gate.tick();
  await operations.allow({ by: hostile, what: '192.0.2.9', name: hostile, note: hostile });
  await operations.block({ by: hostile, what: '192.0.2.66', note: hostile });
  await operations.accountPin({ by: hostile, number: '12' });
  await operations.revoke({ by: hostile, what: HOTEL });
  await doorkeeper.open(traveller, address('198.51.100.78'), caller);
  await doorkeeper.closeAll(traveller, caller);
}

async function letters(): Promise<{ raw: string; letter: ReadLetter }[]> {
  const transport = fileTransport(join(folder, 'mail'), SETTINGS.from);
  for (const letter of await world.store.dueLetters(world.clock.now(), 100)) {
    expect(await transport.send(letter, new AbortController().signal)).toMatchObject({ kind: 'sent' });
  }
  return readdirSync(join(folder, 'mail')).map((file) => {
    const raw = readFileSync(join(folder, 'mail', file), 'utf8');
    return { raw, letter: readLetter(raw) };
  });
}

const COMMANDS = [
  ...['log', 'log --json', 'log --verify', 'list', 'list --plain', 'list --json', 'status', 'explain 192.0.2.66'],
  ...['account list', 'account show 12', 'account show 12 --json', 'account card 12', 'firewall show'],
];

it('in the terminal is shown and obeyed by nothing', async () => {
  await live(HOSTILE);
  for (const command of COMMANDS) {
    const ran = await tollgate(command.split(' '), { operations: gate.operations });
    const columns = command === 'list --plain' ? /\t/g : /(?!)/g;
    expect([command, HARMFUL.exec(ran.out.replace(columns, ' ') + ran.err)]).toEqual([command, null]);
    expect([command, ran.out === '', ran.code]).toEqual([command, false, 0]);
  }
  const plain = (await tollgate(['list', '--plain'], { operations: gate.operations })).out;
  for (const row of plain.split('\n')) expect([7, 8, 9]).toContain(row.split('\t').length);
  const { out } = await tollgate(['log'], { operations: gate.operations });
  expect(out).toContain('\\u001b[2J');
  expect(out.split('\n').filter((line) => /^\s*(Bcc|body)/.test(line))).toEqual([]);
});

it('of Asterisk’s own settings is shown too, where peers are judged and far ends are imported', async () => {
  const { asterisk } = world;
  asterisk.peersNow = [
    { name: HOSTILE, channel: HOSTILE, kind: 'trunk', address: address('198.51.100.9') },
    { name: HOSTILE, channel: 'PJSIP', kind: 'trunk', address: undefined, host: HOSTILE },
  ];
  asterisk.waitingNow = [HOSTILE];
  const of = { of: HOSTILE, setting: HOSTILE, form: 'hosts', speaks: 'sip' } as const;
  asterisk.knownNow = {
    mentions: ['198.51.100.9', HOSTILE].map((value) => ({ ...of, value })),
    leftOut: [{ of: HOSTILE, why: HOSTILE }],
  };
  for (const command of [
    'check',
    'check --json',
    'import asterisk',
    'import asterisk --json',
    'import asterisk --apply',
  ]) {
    const { out, err } = await tollgate(command.split(' '), { operations: gate.operations });
    expect([command, HARMFUL.exec(out + err)]).toEqual([command, null]);
    expect([command, /owned/.test(out)]).toEqual([command, true]);
    expect(out.split('\n').filter((line) => /^\s*(Bcc|body)/.test(line))).toEqual([]);
  }
  for (const command of COMMANDS) {
    const ran = await tollgate(command.split(' '), { operations: gate.operations });
    const columns = command === 'list --plain' ? /\t/g : /(?!)/g;
    expect([command, HARMFUL.exec(ran.out.replace(columns, ' ') + ran.err)]).toEqual([command, null]);
  }
});

it('is still itself for scripts', async () => {
  await live(HOSTILE);
  const { out } = await tollgate(['account', 'show', '12', '--json'], { operations: gate.operations });
  const whole = (text: string) => text.replace(/[\ufffd\ud83d]+/, ''); // what no database can keep
  expect(whole((JSON.parse(out) as { name: string }).name)).toBe(whole(HOSTILE));
});

it('in a fault is shown and obeyed by nothing', async () => {
  for (const argv of [
    ['revoke', HOSTILE],
    ['account', 'show', HOSTILE],
    ['allow', HOSTILE],
    ['explain', HOSTILE],
  ]) {
    const ran = await tollgate(argv, { operations: gate.operations });
    expect([argv[0], HARMFUL.exec(ran.out + ran.err), ran.code === 0]).toEqual([argv[0], null, false]);
  }
});

it('in the journal is kept whole, and the chain holds', async () => {
  await live(HOSTILE);
  expect(await gate.operations.logVerify({})).toMatchObject({ ok: true });
  const from = (await gate.operations.log({ limit: 100 })).map((line) => line.from);
  expect(from).toContain(HOSTILE.replace('\ud83d', '\ufffd'));
});

it('in mails can be no header, no recipient, no markup and no direction', async () => {
  await live(HOSTILE);
  const all = await letters();
  const subjects = all.map(({ letter }) => letter.headers['subject'] ?? '').join('\n');
  for (const about of ['is locked', 'is open', 'closes', 'has a new PIN', 'closed']) expect(subjects).toContain(about);
  for (const { raw, letter } of all) {
    const { headers, text, html } = letter;
    expect(HARMFUL.exec(raw.replaceAll('\r\n', '\n'))).toBeNull();
    expect(HARMFUL.exec(Object.values(headers).join('\n') + text + html)).toBeNull();
    expect(headers).not.toHaveProperty('bcc');
    expect(['<ann@example.com>', 'admin@example.net']).toContain(recipientOf(raw));
    expect(html).not.toMatch(/<script|<!--|\son\w+=/i);
    expect(text.split('\n').filter((line) => line.startsWith('Bcc'))).toEqual([]);
    expect(headers['subject']?.length).toBeLessThan(400);
  }
});

/** The To header as it is written, without what only names somebody: quoted strings and encoded words. */
function recipientOf(raw: string): string {
  const [header = ''] = /^To:.*(?:\r\n[ \t].*)*/m.exec(raw) ?? [];
  return header.replace(/^To:|"(?:[^"\\]|\\.)*"|=\?[^?]+\?[QB]\?[^?]*\?=/gi, '').trim();
}

it('in the log is one line an event', async () => {
  world.asterisk.isDown = true;
  await live(HOSTILE);
  openLogTo(HOSTILE);
  const lines = logged().trimEnd().split('\n');
  expect(HARMFUL.exec(lines.join('\n'))).toBeNull();
  for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  expect(lines.join('\n')).not.toContain(PIN);
});

/** As deep as callers put it. */
function openLogTo(hostile: string): void {
  const fd = openSync(join(folder, 'log'), 'a');
  openLog(fd, { atOnce: true })(hostile, { text: hostile, list: [hostile, { deep: hostile }] });
  closeSync(fd);
}

it('that is too long is refused where it is written, with what to do', async () => {
  const long = 'W'.repeat(100_000);
  const wrong = { code: 'MISUSED', message: expect.stringMatching(/100000 characters long[^]*at most 200/) as string };
  const { operations } = gate;
  await expect(operations.accountAdd({ by, number: '13', name: long })).rejects.toMatchObject(wrong);
  await expect(operations.accountAdd({ by, number: '13', extensions: [long] })).rejects.toMatchObject(wrong);
  await expect(operations.allow({ by, what: '192.0.2.9', name: long })).rejects.toMatchObject(wrong);
  await expect(operations.allow({ by, what: '192.0.2.9', note: long })).rejects.toMatchObject(wrong);
  await expect(operations.block({ by, what: '192.0.2.9', note: long })).rejects.toMatchObject(wrong);
});
