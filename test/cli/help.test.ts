import { tollgate } from './fake-world';

const STRICTER = [
  '--within <duration>',
  '--admin <what>',
  '--lose <who>',
  '--trust <network>',
  '--without-asterisk',
  '--dry-run',
];
const commands: Readonly<Record<string, readonly string[]>> = {
  '': ['--version'],
  demo: [],
  init: ['--undo', '--dry-run'],
  serve: [],
  status: [],
  log: ['--follow', '--since <when>', '--limit <lines>', '--verify'],
  undo: ['--dry-run'],
  'config check': [],
  'config show': [],
  'config sample': [],
  'account add': [
    '--name <name>',
    '--email <address>',
    '--extension <numbers>',
    '--service <names>',
    '--for <duration>',
    '--max <doors>',
    '--caller <numbers>',
    '--pin-stdin',
    '--dry-run',
  ],
  'account list': [],
  'account show': [],
  'account set': [
    '--name <name>',
    '--email <address>',
    '--extension <numbers>',
    '--service <names>',
    '--for <duration>',
    '--max <doors>',
    '--caller <numbers>',
    '--dry-run',
  ],
  'account pin': ['--pin-stdin', '--dry-run'],
  'account card': [],
  'account unlock': ['--dry-run'],
  'account disable': ['--dry-run'],
  'account enable': ['--dry-run'],
  'account remove': ['--dry-run'],
  allow: [
    '--service <names>',
    '--for <duration>',
    '--until <date>',
    '--forever',
    '--name <name>',
    '--note <text>',
    '--dry-run',
  ],
  revoke: ['--dry-run', '--admin'],
  block: ['--for <duration>', '--note <text>', '--dry-run'],
  unblock: ['--dry-run'],
  list: ['--plain'],
  explain: [],
  'provider list': [],
  'provider show': [],
  'import iptables': ['--from <file>', '--apply', '--dry-run'],
  'import plain': ['--apply', '--dry-run'],
  'import freepbx': ['--freepbx-database <url>', '--apply', '--dry-run'],
  'import asterisk': ['--apply', '--dry-run'],
  watch: ['--dry-run'],
  guard: STRICTER,
  secure: [...STRICTER, '--here'],
  confirm: ['--here', '--dry-run'],
  rollback: ['--dry-run'],
  'firewall show': [],
  'firewall apply': ['--dry-run'],
  'firewall remove': ['--dry-run'],
  'backup list': [],
  'backup restore': ['--dry-run'],
  'mail test': ['--dry-run'],
  'store move': ['--to <place>', '--dry-run'],
  'store pepper': ['--ours', '--dry-run'],
  'country permit': ['--dry-run'],
  'country deny': ['--dry-run'],
  'country forget': ['--dry-run'],
  'country list': ['--all'],
  'country lookup': [],
  'country refresh': ['--from <file>', '--dry-run'],
  'range permit': ['--note <text>', '--dry-run'],
  'range deny': ['--note <text>', '--dry-run'],
  'range show': [],
  'range list': [],
  'range remove': ['--dry-run'],
  check: [],
};
const names = Object.keys(commands);

it.each(names)('the help of "%s" names every option and fits the screen', async (name) => {
  const ran = await tollgate([...name.split(' ').filter(Boolean), '--help']);
  expect(ran).toMatchObject({ code: 0, err: '', asked: [] });
  const all = ['--json', '--config <file>', '--help', ...(commands[name] ?? [])];
  for (const option of all) expect(ran.out).toContain(option);
  const told = [...ran.out.matchAll(/^ {2}(--[a-z-]+(?: <[a-z]+>)?)/gm)].map(([, option]) => option);
  expect([...new Set([...told, '--version'])].sort()).toEqual([...new Set([...all, '--version'])].sort());
  expect(Math.max(...ran.out.split('\n').map((text) => text.length))).toBeLessThanOrEqual(80);
});

it('the help names every command of this release and no other', async () => {
  const told = [...(await tollgate(['--help'])).out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name);
  expect(told).toEqual([...new Set(names.flatMap((name) => name.split(' ')[0] || [])), 'help']);
});

it('--version tells the version alone', async () => {
  expect(await tollgate(['--version'])).toMatchObject({
    code: 0,
    out: '0.0.0',
  });
});
