import type { DemoAsked } from '../../src/cli/demo';
import type { InitAsked } from '../../src/cli/init';
import type { Product } from '../../src/cli/product';
import { AppError } from '../../src/errors';
import { account, allowed, entry, line, mode, tollgate, type Scene } from './fake-world';

const BY = { by: 'root' };

/** What is typed, what the product is asked first, and what people must read. */
const table: readonly (readonly [
  typed: string,
  asked: readonly [string, unknown] | undefined,
  read: readonly RegExp[],
])[] = [
  ['status', ['status', {}], [/mode: guard/, /firewall +ok +mode guard, 40 rules/]],
  ['log', ['log', { limit: 50 }], [/41 +22 Nov 10:30:00 +allow +198\.51\.100\.7 +root +command +Allowed for phone\./]],
  ['log --since 2h --limit 5', ['log', { limit: 5, since: '2026-11-22T08:00:00.000Z' }], [/Europe\/Berlin/]],
  ['log --verify', ['logVerify', {}], [/^41 lines, unbroken\nnewest: ab12$/]],
  [
    'undo 41',
    ['undo', { id: 41, ...BY }],
    [/^Line 41 \(allow 198\.51\.100\.7\) was undone\./, /198\.51\.100\.7 is closed/],
  ],
  ['undo 41 --dry-run', ['undo', { id: 41, ...BY, dryRun: true }], [/Nothing was changed/, /would be closed/]],
  [
    'account add 12',
    ['accountAdd', { number: '12', ...BY }],
    [/Account 12 \(Night desk\) is on file/, /PIN: 83710465/, /account card 12/],
  ],
  [
    'account add 12 --name Desk --email d@example.com --extension 1001,1002 --extension 1003 --service sip --for 8h --max 3 --caller 491701',
    [
      'accountAdd',
      {
        ...{ number: '12', ...BY, name: 'Desk', email: 'd@example.com', extensions: ['1001', '1002', '1003'] },
        ...{ services: ['sip'], leaseSeconds: 28_800, maxOpen: 3, callers: ['491701'] },
      },
    ],
    [/on file/],
  ],
  [
    'account list',
    ['accountList', {}],
    [/NUMBER +NAME/, /12 +Night desk +desk@example\.com +1001 +phone +1 of 2 +ready/],
  ],
  ['account show 12', ['accountShow', { number: '12' }], [/a door stays open +3 d/, /198\.51\.100\.7/]],
  [
    'account set 12 --extension= --max 1',
    ['accountSet', { number: '12', ...BY, extensions: [], maxOpen: 1 }],
    [/is changed/],
  ],
  [
    'backup list',
    ['backupList', {}],
    [/20261122-093000 +22 Nov 10:30:00 +guard +3 +Before: Mode watch\./, /tollgate backup restore ID/],
  ],
  [
    'backup restore 20261122-093000',
    ['backupRestore', { id: '20261122-093000', ...BY }],
    [
      /Backup 20261122-093000 of 22 Nov 10:30:00 is restored: mode guard\./,
      /198\.51\.100\.7 is open again/,
      /203\.0\.113\.5 is closed/,
      /1 lease would have ended by now/,
    ],
  ],
  [
    'backup restore 20261122-093000 --dry-run',
    ['backupRestore', { id: '20261122-093000', ...BY, dryRun: true }],
    [/Nothing was changed/, /would be closed/, /Rules are made from the settings/],
  ],
  ['account pin 12', ['accountPin', { number: '12', ...BY }], [/has another PIN/, /PIN: 83710465/]],
  ['account card 12', ['accountShow', { number: '12' }], [/Account +12/, /12\*34\*56\*78#/]],
  ['account unlock 12', ['accountUnlock', { number: '12', ...BY }], [/is unlocked/]],
  ['account disable 12', ['accountEnable', { number: '12', ...BY, enabled: false }], [/is disabled/]],
  ['account enable 12', ['accountEnable', { number: '12', ...BY, enabled: true }], [/is enabled/]],
  [
    'account remove 12 --dry-run',
    ['accountRemove', { number: '12', ...BY, dryRun: true }],
    [/would be removed/, /Nothing was changed/],
  ],
  [
    'allow 198.51.100.7',
    ['allow', { what: '198.51.100.7', ...BY }],
    [/198\.51\.100\.7 is open for phone, until 23 Nov 13:00 \(1 d 2 h\)\./, /undo with: tollgate undo 41/],
  ],
  [
    'allow 198.51.100.7 --service sip,ssh --for 8h --name office --note why',
    ['allow', { what: '198.51.100.7', ...BY, services: ['sip', 'ssh'], seconds: 28_800, name: 'office', note: 'why' }],
    [/open for sip, ssh/],
  ],
  [
    'allow 198.51.100.7 --until 2026-12-24',
    ['allow', { what: '198.51.100.7', ...BY, until: '2026-12-24T23:00:00.000Z' }],
    [/is open/],
  ],
  [
    'allow 198.51.100.7 --forever --dry-run',
    ['allow', { what: '198.51.100.7', ...BY, dryRun: true }],
    [/would be open/, /Nothing was changed/],
  ],
  [
    'revoke office',
    ['revoke', { what: 'office', ...BY }],
    [/198\.51\.100\.7 is closed/, /1 call hung up/, /tollgate undo 41/],
  ],
  [
    'block 203.0.113.9 --for 1d --note rude',
    ['block', { what: '203.0.113.9', ...BY, seconds: 86_400, note: 'rude' }],
    [/is blocked, until it is unblocked/],
  ],
  ['unblock 8', ['unblock', { what: '8', ...BY }], [/is unblocked/]],
  [
    'list',
    ['list', {}],
    [
      /ID +WHAT/,
      /7 +198\.51\.100\.7 +phone +root +22 Nov 10:30 +in 1 d 2 h \(23 Nov 13:00\) +active/,
      /203\.0\.113\.0\/24 .*for good +blocked/,
    ],
  ],
  [
    'list --plain',
    ['list', {}],
    [/^7\t198\.51\.100\.7\tphone\troot\t2026-11-22T09:30:00\.000Z\t2026-11-23T12:00:00\.000Z\tactive\n8\t/],
  ],
  [
    'explain 198.51.100.7',
    ['explain', { what: '198.51.100.7' }],
    [/sip +accept/, /ssh +drop/, /3 packets/, /→ tollgate allow 198\.51\.100\.7 --service ssh/],
  ],
  [
    'import plain -',
    ['importPlain', { text: '', ...BY, dryRun: true }],
    [
      /\+ new +192\.0\.2\.7 \(office\) +phone +line 1/,
      /- gone +192\.0\.2\.9/,
      /1 new, 1 gone; 1 line as it is\.\nNothing was changed\. To do it: tollgate import plain … --apply/,
    ],
  ],
  [
    'import iptables',
    ['importIptables', { text: '-A INPUT -j ACCEPT', ...BY, dryRun: true }],
    [/To do it: tollgate import iptables … --apply/],
  ],
  ['import iptables --from - --apply', ['importIptables', { text: '', ...BY }], [/Done, in one step\./]],
  [
    'import iptables',
    ['importIptables', { text: '-A INPUT -j ACCEPT', ...BY, dryRun: true }],
    [/To do it: tollgate import iptables … --apply/],
  ],
  ['import iptables --from - --apply', ['importIptables', { text: '', ...BY }], [/Done, in one step\./]],
  ['import freepbx', ['importFreepbx', { ...BY, dryRun: true }], [/To do it: tollgate import freepbx … --apply/]],
  [
    'import freepbx --freepbx-database mysql://u:p@localhost/asterisk --apply',
    ['importFreepbx', { ...BY, database: 'mysql://u:p@localhost/asterisk' }],
    [/Done, in one step\./],
  ],
  ['import asterisk', ['importAsterisk', { ...BY, dryRun: true }], [/Not seen: what Asterisk reads from a database/]],
  ['import asterisk --apply', ['importAsterisk', BY], [/Done, in one step\./]],
  ['import plain - --apply', ['importPlain', { text: '', ...BY }], [/Done, in one step\./, /tollgate undo/]],
  ['import plain - --apply --dry-run', ['importPlain', { text: '', ...BY, dryRun: true }], [/1 new/]],
  ['watch', ['watch', BY], [/only blocks are dropped/]],
  ['guard', ['guard', { ...BY, lose: [] }], [/on trial until 22 Nov 11:01:00 \(1 min\)/, /tollgate confirm/]],
  [
    'guard --within 2m --lose 1001 --lose 1002,1003 --admin 192.0.2.1 --without-asterisk',
    ['guard', { ...BY, lose: ['1001', '1002', '1003'], withinSeconds: 120, admin: '192.0.2.1', withoutAsterisk: true }],
    [/on trial/],
  ],
  ['guard --dry-run', ['guard', { ...BY, lose: [], dryRun: true }], [/Nothing was changed/, /-A TOLLGATE -j DROP/]],
  [
    'secure --admin 192.0.2.1 --trust 192.168.1.0/24@eth1 --here',
    ['secure', { ...BY, lose: [], admin: '192.0.2.1', trust: ['192.168.1.0/24@eth1'], here: true }],
    [/Mode secure is on trial until/, /Open another SSH connection/],
  ],
  ['confirm', ['confirm', BY], [/guard is confirmed/]],
  ['confirm --here', ['confirm', { ...BY, here: true }], [/guard is confirmed/]],
  ['rollback', ['rollback', BY], [/The trial is over\. Mode watch/]],
  ['firewall show', ['firewallShow', {}], [/-A INPUT -j TOLLGATE/, /sip +198\.51\.100\.7 +2 h +5/]],
  ['firewall apply', ['firewallApply', BY], [/holds it all already/]],
  ['firewall restore', ['firewallRestore', BY], [/the firewall is restored: 40 rules/]],
  ['firewall remove', ['firewallRemove', BY], [/Nothing of ours is in the kernel any more/]],
  ['mail test ann@example.com', ['mailTest', { to: 'ann@example.com', ...BY }], [/^Sent to ann@example\.com: 250 OK/]],
  ['init', undefined, [/made +the state in \/var\/lib\/tollgate/, /What is left to do:\n {2}tollgate guard/]],
  ['init --undo --dry-run', undefined, [/stays +the state .* \(kept\)/, /Nothing was changed/]],
  ['store move --to /x/y.db', undefined, [/entries +7 +abababababababab\n/, /Copied into .*y\.db/, /tollgate status/]],
  ['store move --to /x/y.db --dry-run', undefined, [/would be copied into the database \/x\/y\.db\. Nothing was/]],
  [
    'store pepper',
    undefined,
    [/another pepper than \/var\/lib\/tollgate\/pepper: that of north/, /store pepper --ours/],
  ],
  ['store pepper --ours', undefined, [/counts from now on, instead of that of north/, /tollgate account pin NUMBER/]],
  ['store pepper --ours --dry-run', undefined, [/would count instead of .*\. Nothing was changed/]],
  ['config check', undefined, [/The settings are good/]],
  ['config show', undefined, [/pbx\.time_zone +Europe\/Berlin/, /lease\.phone +3 d/]],
  ['config sample', undefined, [/^\[pbx\]$/]],
  ['demo', undefined, [/open 4 ms after the last key/]],
  ['', ['status', {}], [/firewall +ok/, /accounts +1/, /next: tollgate list/]],
];

it.each(table)('tollgate %s asks the product and tells people', async (typed, asked, read) => {
  const argv = typed.split(' ').filter((word) => word !== '');
  const ran = await tollgate(argv);
  expect(ran.err).toBe('');
  expect(ran.code).toBe(0);
  expect(ran.asked[0]).toStrictEqual(asked);
  for (const pattern of read) expect(ran.out).toMatch(pattern);
  expect(ran.closed).toBe(asked !== undefined);
});

it.each(table)('tollgate %s --json prints JSON and nothing else', async (typed) => {
  const argv = [...typed.split(' ').filter((word) => word !== ''), '--json'];
  const ran = await tollgate(argv);
  expect(ran.code).toBe(0);
  expect(typeof JSON.parse(ran.out)).toBe('object');
});

describe('what is printed as JSON is what the product answered', () => {
  const shapes: readonly (readonly [string, unknown])[] = [
    ['list', [entry({ id: 3 })]],
    ['allow 192.0.2.1', allowed({ id: 3 })],
    ['account show 12', account({ number: '3' })],
    ['log', [line({ id: 3 })]],
    ['confirm', mode({ mode: 'guard' })],
  ];
  it.each(shapes)('%s', async (typed, shape) => {
    const answer = () => Promise.resolve(shape as never);
    const operations = { list: answer, allow: answer, accountShow: answer, confirm: answer, log: answer };
    if (typed !== 'log') operations.log = () => Promise.resolve([] as never);
    expect(JSON.parse((await tollgate([...typed.split(' '), '--json'], { operations })).out)).toEqual(shape);
  });
});

describe('the state', () => {
  const failing: Scene = {
    operations: {
      status: () =>
        Promise.resolve({
          ok: false,
          mode: 'guard',
          parts: [
            { name: 'firewall', state: 'fail', since: null, detail: 'no rules', hint: 'tollgate firewall apply' },
          ],
        }),
    },
  };

  it('that is not good makes status end with 1, also for scripts', async () => {
    expect((await tollgate(['status'], failing)).code).toBe(1);
    const ran = await tollgate(['status', '--json'], failing);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, mode: 'guard' });
  });

  it('proposes what mends it', async () => {
    expect((await tollgate([], failing)).out).toContain('next: tollgate firewall apply');
  });

  it('proposes init on a fresh machine and an account after that', async () => {
    const status = (mode: 'watch' | null) => () => Promise.resolve({ ok: true, mode, parts: [] });
    expect((await tollgate([], { operations: { status: status(null) } })).out).toContain('next: tollgate init');
    const accountList = () => Promise.resolve([]);
    const ran = await tollgate([], { operations: { status: status('watch'), accountList } });
    expect(ran.out).toContain('next: tollgate account add');
  });

  it('fits five lines above the next command', async () => {
    expect((await tollgate([])).out.split('\n').findIndex((text) => text.startsWith('next: '))).toBe(5);
  });
});

describe('closing a door', () => {
  it('says that calls may still be up when Asterisk did not answer', async () => {
    const revoke = () => Promise.resolve({ closed: [entry()], callsHungUp: null, stillOpenBy: [] });
    expect((await tollgate(['revoke', '7'], { operations: { revoke } })).out).toContain('may still be up');
  });

  it('says who keeps the address open all the same', async () => {
    const revoke = () => Promise.resolve({ closed: [entry()], callsHungUp: [], stillOpenBy: [entry({ id: 9 })] });
    const { out } = await tollgate(['revoke', '7'], { operations: { revoke } });
    expect(out).toContain('Still open by entry 9, 198.51.100.7: tollgate revoke 9');
  });

  it('is done even when the journal cannot be read for the hint', async () => {
    const log = () => Promise.reject(new AppError('STORE_FAILED', 'no', 'no'));
    const ran = await tollgate(['revoke', '7'], { operations: { log } });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('is closed');
  });
});

it.each([['status'], [''], ['explain 192.0.2.1'], ['guard'], ['secure']])(
  '%s tells the service what only root may see of iptables-legacy',
  async (typed) => {
    const legacy = { 4: ['filter'], 6: [] };
    const ran = await tollgate(typed.split(' ').filter(Boolean), {
      product: { legacyTables: () => Promise.resolve(legacy) },
    });
    expect(ran.asked[0]?.[1]).toMatchObject({ legacy });
  },
);

describe('guard', () => {
  const SSH = '192.0.2.44 50000 192.0.2.1 22';

  it('tells the product where the admin comes from', async () => {
    const ran = await tollgate(['guard'], { world: { ssh: () => SSH } });
    expect(ran.asked[0]).toEqual(['guard', { by: 'root', lose: [], ssh: SSH }]);
  });

  it('names who is cut off', async () => {
    const guard = () =>
      Promise.resolve(
        mode({ trial: { mode: 'guard', until: '2026-11-22T10:01:00Z' }, lost: ['phone 1001 192.0.2.9'] }),
      );
    expect((await tollgate(['guard', '--lose', 'all'], { operations: { guard } })).out).toContain(
      'phone 1001 192.0.2.9',
    );
  });
});

describe('secure on a terminal', () => {
  const SSH = '192.0.2.44 50000 192.0.2.1 22';
  const found = [
    { what: 'connected', text: 'behind a router' },
    { what: 'trusted', text: '192.168.1.0/24@eth1' },
  ];
  const lost = ['phone 1001 192.0.2.9', 'connection to our tcp/443 from 192.0.2.10'];
  const secure = () => Promise.resolve(mode({ trial: { mode: 'secure', until: '2026-11-22T10:01:00Z' }, lost, found }));
  const typing = (typed: readonly string[], argv = ['secure'], more: Partial<Scene> = {}) =>
    tollgate(argv, { typed, operations: { secure }, world: { ssh: () => SSH }, ...more });

  it('shows what it found, proposes the way in, and asks for the rest', async () => {
    const ran = await typing(['', '', 'y']);
    const asked = { by: 'root', lose: [], ssh: SSH };
    const admin = '192.0.2.44';
    const lose = ['phone 1001 192.0.2.9', 'connection to our tcp/443 from 192.0.2.10'];
    expect(ran.asked).toEqual([
      ['secure', { ...asked, dryRun: true }],
      ['secure', { ...asked, admin, dryRun: true }],
      ['secure', { ...asked, admin, lose }],
    ]);
    expect(ran.err).toContain('always has access [192.0.2.44]: ');
    expect(ran.out).toMatch(/connected +behind a router/);
    expect(ran.out).toContain('Would be cut off: phone 1001 192.0.2.9');
  });

  it('takes another answer, and trusts no LAN that nobody wants', async () => {
    const ran = await typing(['office.example.com', 'n', 'yes']);
    expect(ran.asked.at(-1)).toMatchObject(['secure', { admin: 'office.example.com', trust: ['none'] }]);
  });

  it('changes nothing when nobody is to be lost', async () => {
    const ran = await typing(['', '', '']);
    expect([ran.code, ran.asked.length]).toEqual([1, 2]);
    expect(ran.err).toContain('nothing was changed');
  });

  it.each([[['secure', '--json']], [['secure', '--dry-run']]])('%s asks nothing', async (argv) => {
    expect((await typing([], argv)).asked).toHaveLength(1);
  });

  it('asks nothing that was said', async () => {
    const argv = ['secure', '--admin', '192.0.2.1', '--lose', 'all', '--trust', 'none'];
    expect((await typing([], argv)).err).toBe('');
  });
});

describe('log --verify', () => {
  const broken = { line: 7, why: 'it is not as it was written' };
  const logVerify = () => Promise.resolve({ ok: false, lines: 6, head: null, broken });

  it('names the first line that does not fit, and exits 1', async () => {
    const ran = await tollgate(['log', '--verify'], { operations: { logVerify } });
    expect(ran).toMatchObject({ code: 1, err: '' });
    expect(ran.out).toBe('line 7 does not fit: it is not as it was written\n6 lines before it, unbroken');
  });

  it('says from when on lines are kept', async () => {
    const forgotten = { lines: 7, until: '2030-01-02T03:04:05.000Z' };
    const whole = () => Promise.resolve({ ok: true, lines: 2, head: 'ab12', forgotten, broken: null });
    const ran = await tollgate(['log', '--verify'], { operations: { logVerify: whole } });
    expect(ran.out).toMatch(/^2 lines, unbroken\n7 older lines up to 2 Jan 2030 [\d:]+ no longer kept\nnewest: ab12$/);
  });

  it('tells scripts the same', async () => {
    const ran = await tollgate(['log', '--verify', '--json'], { operations: { logVerify } });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toEqual({ ok: false, lines: 6, head: null, broken });
  });
});

describe('config check', () => {
  const bare =
    '[mail]\nfrom = "a@example.com"\nhost = "mail.example.com"\nsecurity = "none"\nuser = "u"\nsecret = "hush"\n';

  it('warns of a secret that would be sent in the clear, and does not tell it', async () => {
    const ran = await tollgate(['config', 'check'], { settings: bare });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^The settings are good\.\nBut mail\.security: "none" sends mail\.secret in the clear/);
    expect(ran.out).not.toContain('hush');
  });

  it.each(['user', 'secret', 'security'])('warns of nothing without %s', async (key) => {
    const settings = bare.replace(new RegExp(`^${key} = .*$`, 'm'), '');
    const ran = await tollgate(['config', 'check', '--json'], { settings });
    expect(JSON.parse(ran.out)).toMatchObject({ ok: true, warnings: [] });
  });
});

describe('log --follow', () => {
  const twoRounds = (): Scene => {
    const stop = new AbortController();
    let rounds = 0;
    return {
      terminal: { stopSignal: () => stop.signal },
      world: {
        sleep: () => {
          if (++rounds === 2) stop.abort();
          return Promise.resolve();
        },
      },
      operations: {
        log: ({ afterId }) =>
          Promise.resolve(afterId === undefined ? [line()] : afterId === 41 ? [line({ id: 42 })] : []),
      },
    };
  };

  it('shows every line once and ends with Ctrl-C', async () => {
    const ran = await tollgate(['log', '--follow'], twoRounds());
    expect(ran.code).toBe(0);
    expect(ran.out.split('\n').map((text) => text.trim().slice(0, 2))).toEqual(['41', '42']);
    expect(ran.asked.slice(1).map(([, asked]) => asked)).toEqual([
      { afterId: 41, limit: 1000 },
      { afterId: 42, limit: 1000 },
    ]);
  });

  it('gives scripts one JSON value a line', async () => {
    const { out } = await tollgate(['log', '--follow', '--json'], twoRounds());
    expect(out.split('\n').map((text) => (JSON.parse(text) as { id: number }).id)).toEqual([41, 42]);
  });

  it('cannot carry foreign controls as JSON either', async () => {
    const scene = twoRounds();
    const log = ({ afterId }: { afterId?: number }) =>
      Promise.resolve(afterId === undefined ? [line({ what: 'x\u009b2J' })] : []);
    const { out } = await tollgate(['log', '--follow', '--json'], { ...scene, operations: { log } });
    expect(out).not.toContain('\u009b');
    expect(JSON.parse(out)).toMatchObject({ what: 'x\u009b2J' });
  });

  it('holds no lock where no daemon runs', async () => {
    const connect = () =>
      Promise.resolve({
        operations: { log: () => Promise.resolve([]) } as never,
        daemon: false,
        close: () => Promise.resolve(),
      });
    const ran = await tollgate(['log', '--follow'], { product: { connect } });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('tollgate serve');
  });
});

describe('the card', () => {
  it('holds the number to dial and never a PIN', async () => {
    const { out } = await tollgate(['account', 'card', '12'], { settings: '[pbx]\nnumber = "+49 30 901820"\n' });
    expect(out).toContain('Number to dial +49 30 901820');
    expect(out).toContain('IPv4 what-is-my-IP page');
    expect(out).toContain('mobile data and VPN off');
    expect(out).toContain('do not write it here');
    expect(out).toContain('It stays open for 3 days.');
    expect(Math.max(...out.split('\n').map((text) => text.length))).toBeLessThanOrEqual(80);
  });

  it('leaves a line to write on where the number is not set', async () => {
    const ran = await tollgate(['account', 'card', '12', '--json']);
    expect(JSON.parse(ran.out)).toMatchObject({ account: '12', dial: null, form: '12*34*56*78#' });
  });
});

describe('config', () => {
  const broken: Scene = {
    settings: '[mail]\nport = 0\n[lease]\nphone = "soon"\n',
    product: { connect: () => Promise.reject(new Error('config must not open anything')) },
  };

  it('check names every problem and touches nothing', async () => {
    const ran = await tollgate(['config', 'check'], broken);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('mail.port');
    expect(ran.err).toContain('lease.phone');
  });

  it('show hides secrets', async () => {
    const settings =
      '[ami]\nsecret = "s3cret-a"\n[mail]\nsecret = "s3cret-b"\n[store]\ndatabase = "mysql://u:s3cret-c@h/db"\n';
    for (const argv of [
      ['config', 'show'],
      ['config', 'show', '--json'],
    ]) {
      const { out } = await tollgate(argv, { settings });
      expect(out).not.toContain('s3cret');
      expect(out).toContain('mysql://u:***@h/db');
    }
  });
});

it('serve runs the daemon with the settings until it is stopped', async () => {
  const served: unknown[] = [];
  const serve = (config: { pbx: { time_zone: string } }, stop: AbortSignal) =>
    Promise.resolve(void served.push(config.pbx.time_zone, stop.aborted));
  const ran = await tollgate(['serve'], { product: { serve } });
  expect(ran).toMatchObject({ code: 0, out: '', err: '' });
  expect(served).toEqual(['Europe/Berlin', false]);
});

it('a demo whose story does not hold ends with 1 and names the step', async () => {
  const steps = [{ name: 'hotel silent', ok: false, ms: 3, detail: '200 OK' }];
  const demo = () => Promise.resolve({ ok: false, steps, call: null, door: null });
  const ran = await tollgate(['demo'], { product: { demo } });
  expect(ran.code).toBe(1);
  expect(ran.out).toContain('hotel silent');
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('a demo that %s ends still shows what was played, and ends as a shell would: %i', async (signal, code) => {
  const stop = new AbortController();
  const steps = [{ name: 'hotel silent', ok: true, ms: 3, detail: 'silence' }];
  const demo = () => {
    stop.abort(signal);
    return Promise.resolve({ ok: false, steps, call: null, door: null });
  };
  const ran = await tollgate(['demo', '--json'], { product: { demo }, terminal: { stopSignal: () => stop.signal } });
  expect([ran.code, JSON.parse(ran.out)]).toMatchObject([code, { ok: false, steps }]);
});

it('the story of the demo is told on stderr when stdout is for JSON', async () => {
  const demo = ({ tell }: DemoAsked) => {
    tell('a phone rings');
    return Promise.resolve({ ok: true, steps: [], call: null, door: null });
  };
  expect((await tollgate(['demo'], { product: { demo } })).out).toContain('a phone rings');
  const ran = await tollgate(['demo', '--json'], { product: { demo } });
  expect(ran.err).toBe('a phone rings');
  expect(JSON.parse(ran.out)).toMatchObject({ ok: true });
});

describe('who did it', () => {
  const by = async (world: Scene['world']) =>
    ((await tollgate(['watch'], { ...(world && { world }) })).asked[0]?.[1] as { by: string }).by;

  it('is the user behind sudo', async () => {
    expect(await by({ user: 'root', environment: { SUDO_USER: 'ann' } })).toBe('ann (sudo)');
  });
  it('is the user himself where he could have written SUDO_USER', async () => {
    expect(await by({ user: 'bob', environment: { SUDO_USER: 'ann' } })).toBe('bob');
  });
  it('is root where root used sudo', async () => {
    expect(await by({ user: 'root', environment: { SUDO_USER: 'root' } })).toBe('root');
  });
});

it('init is told what was asked for', async () => {
  const asked: unknown[] = [];
  const init = ({ undo, dryRun, by, ownSettings }: InitAsked) => {
    asked.push({ undo, dryRun, by, ownSettings });
    return Promise.resolve({ steps: [], next: [] });
  };
  await tollgate(['init', '--undo', '--dry-run', '--config', 'own.toml'], { product: { init } });
  await tollgate(['init'], { product: { init } });
  expect(asked).toEqual([
    { undo: true, dryRun: true, by: 'root', ownSettings: true },
    { undo: false, by: 'root', ownSettings: false },
  ]);
});

describe('explain', () => {
  it('tells one reason for many services once, in the time of the PBX', async () => {
    const reason = { step: '6 entry', entry: 7, since: null, by: null, packets: 0, hint: null };
    const text = 'open until 2026-11-22T19:06:29.467Z.';
    const because = ['sip', 'iax'].map((service) => ({ ...reason, text: `${service}: ${text}` }));
    const verdict = { sip: 'accept', iax: 'accept' } as const;
    const explain = () => Promise.resolve({ address: '192.0.2.1', country: null, verdict, because });
    const { out } = await tollgate(['explain', '192.0.2.1'], { operations: { explain } });
    expect(out.split('\n').filter((told) => told.startsWith('6 entry'))).toEqual([
      '6 entry  sip, iax: open until 22 Nov 20:06:29.  0 packets',
    ]);
  });
});

it('a door is called by its name as well', async () => {
  const allow = () => Promise.resolve(allowed({ name: 'office' }));
  expect((await tollgate(['allow', '198.51.100.7'], { operations: { allow } })).out).toMatch(
    /^198\.51\.100\.7 \(office\) is/,
  );
});

it('a door that is blocked all the same is said to be', async () => {
  const block = entry({ id: 5, kind: 'block', what: '198.51.100.0/28' });
  const allow = () =>
    Promise.resolve(allowed({ unblocked: [entry({ what: '198.51.100.9' })], stillBlockedBy: [block] }));
  const { out } = await tollgate(['allow', '198.51.100.9'], { operations: { allow } });
  expect(out).toMatch(/198\.51\.100\.9.* is unblocked\./);
  expect(out).toMatch(/But blocked by entry 5, 198\.51\.100\.0\/28.*: tollgate unblock 5/);
});

it('a PIN that is only tried is not shown as if it were one', async () => {
  const { out } = await tollgate(['account', 'add', '12', '--dry-run']);
  expect(out).toBe('Account 12 (Night desk) would be on file.\nNothing was changed.');
});

it('store move reads a place with a password from stdin, so that no process list shows it', async () => {
  const places: string[] = [];
  const moveStore: Product['moveStore'] = (_config, { to }) => {
    places.push(to);
    return Promise.resolve({ from: 'a', to: 'b', tables: [], next: [] });
  };
  const url = 'mysql://tg:p@ss@db/tollgate';
  await tollgate(['store', 'move', '--to', '-'], { product: { moveStore }, stdin: `${url}\n` });
  expect(places).toEqual([url]);
  expect(await tollgate(['store', 'move', '--to', '-'], { stdin: '' })).toMatchObject({ code: 2 });
});
