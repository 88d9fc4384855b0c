import { AppError } from '../../src/errors';
import { operations, tollgate } from './fake-world';

/** What is typed, the first line of the error, and a line of what to do. */
const mistakes: readonly (readonly [typed: string, what: string, hint: string])[] = [
  ['lst', "unknown command 'lst'", 'did you mean list?'],
  ['account ad 12', "unknown command 'ad'", 'did you mean add?'],
  ['allow 192.0.2.1 --serivce sip', "unknown option '--serivce'", 'did you mean --service?'],
  ['allow', "missing required argument 'what'", 'usage: tollgate allow [options] <what...>'],
  ['undo 1 2', 'too many arguments', 'usage: tollgate undo [options] <id>'],
  ['allow 192.0.2.1 --for', "option '--for <duration>' argument missing", 'usage: tollgate allow [options] <what...>'],
  ['allow 192.0.2.1 --for 8h --forever', 'cannot be used with', 'usage: tollgate allow'],
  ['allow 192.0.2.1 --until 2026-12-24 --forever', 'cannot be used with', 'usage: tollgate allow'],
  ['allow 192.0.2.1 --for 8x', '"8x" is no duration', 'write 90m, 8h, 3d or 2w'],
  ['allow 192.0.2.1 --until soon', '"soon" is no date', 'write 2026-12-24'],
  ['log --limit 0', '"0" is no whole number from 1 on', 'write it in digits'],
  ['log --since yesterday', '"yesterday" is no date', 'write 2026-12-24'],
  ['undo first', '"first" is no whole number from 1 on', 'write it in digits'],
  ['account', '"tollgate account" needs a command: add, list, show', 'usage: tollgate account'],
  ['firewall', '"tollgate firewall" needs a command: show, apply, restore, remove', 'usage: tollgate firewall'],
  ['--frobnicate', "unknown option '--frobnicate'", 'usage: tollgate'],
  ['secur', "unknown command 'secur'", 'did you mean secure?'],
];

it.each(mistakes)('tollgate %s is a typing mistake: exit 2, told on stderr', async (typed, what, hint) => {
  const ran = await tollgate(typed.split(' '));
  expect(ran).toMatchObject({ code: 2, out: '', asked: [] });
  expect(ran.err.split('\n')[0]).toContain(what);
  expect(ran.err).toContain(`  → ${hint}`);
});

it.each(mistakes)('tollgate %s --json tells it as JSON on stdout alone', async (typed, what) => {
  const ran = await tollgate([...typed.split(' '), '--json']);
  expect(ran).toMatchObject({ code: 2, err: '' });
  const { error } = JSON.parse(ran.out) as { error: { code: string; message: string; hint: string } };
  expect(error.code).toBe('MISUSED');
  expect(error.message).toContain(what);
  expect(error.hint).not.toBe('');
});

describe('a fault of the world', () => {
  const failing = (code: 'REFUSED' | 'MISUSED') => ({
    operations: { allow: () => Promise.reject(new AppError(code, 'it is closed', 'open it')) },
  });

  it('is told as what happened and what to do, with exit 1', async () => {
    const ran = await tollgate(['allow', '192.0.2.1'], failing('REFUSED'));
    expect(ran).toMatchObject({ code: 1, out: '', err: 'it is closed\n  → open it', closed: true });
  });

  it('ends with 2 when the product calls it misuse', async () => {
    expect((await tollgate(['allow', '192.0.2.1'], failing('MISUSED'))).code).toBe(2);
  });

  it('is JSON on stdout for scripts', async () => {
    const ran = await tollgate(['allow', '192.0.2.1', '--json'], failing('REFUSED'));
    expect(ran).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(ran.out)).toEqual({ error: { code: 'REFUSED', message: 'it is closed', hint: 'open it' } });
  });

  it('is told when the product cannot even be reached', async () => {
    const connect = () => Promise.reject(new AppError('LOCKED', 'another Tollgate works here', 'wait'));
    const ran = await tollgate(['list'], { product: { connect } });
    expect(ran).toMatchObject({ code: 1, out: '', err: 'another Tollgate works here\n  → wait' });
  });

  it('shows every line of many, none of which can pass for one of ours', async () => {
    const list = () => Promise.reject(new AppError('CONFIG_INVALID', 'one\n  → two\u001b[2J', 'three\nfour'));
    const { err } = await tollgate(['list'], { operations: { list } });
    expect(err).toBe('one\n    → two\\u001b[2J\n  → three\n  → four');
  });
});

describe('a mistake of our own', () => {
  const broken = { operations: { list: () => Promise.reject(new Error('oops')) } };

  it('is not hidden', async () => {
    await expect(tollgate(['list'], broken)).rejects.toThrow('oops');
  });
});

describe('what a stranger wrote', () => {
  const EVIL = 'x\u001b]0;owned\u0007\u009b2J\r\n\u202etxt';
  /** The same answer with every text in it replaced, except those that the program itself compares or reads as dates. */
  const poisoned = (value: unknown): unknown => {
    if (typeof value === 'string')
      return /^\d{4}-\d\d-\d\dT|^(active|ok|warn|guard|watch|accept|drop|block|address)$/.test(value) ? value : EVIL;
    if (Array.isArray(value)) return value.map(poisoned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === 'sip' ? EVIL : key, poisoned(each)]));
  };
  const commands = [
    ...['', 'status', 'log', 'undo 1', 'account add 12', 'account list', 'account show 12', 'account set 12 --max 1'],
    ...['account card 12', 'allow 192.0.2.1', 'revoke 1', 'block 192.0.2.1', 'list', 'list --plain'],
    ...['explain 192.0.2.1', 'firewall show', 'guard --dry-run', 'mail test a@example.com'],
  ];

  it.each(commands.flatMap((typed) => [typed, `${typed} --json`.trim()]))(
    'cannot reach the terminal through %s',
    async (typed) => {
      const table = operations();
      const evil = Object.fromEntries(
        Object.entries(table).map(([name, operation]) => [
          name,
          async (asked: never) => poisoned(await (operation as (asked: never) => Promise<unknown>)(asked)),
        ]),
      );
      const ran = await tollgate(typed.split(' ').filter(Boolean), { operations: evil });
      expect(ran.code).toBe(0);
      expect(ran.out).toContain('u001b');
      expect(ran.out + ran.err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
      if (!typed.endsWith('plain')) expect(ran.out).not.toMatch(/\t/);
    },
  );

  it.each(['allow', 'block', 'revoke'])('cannot reach it as the argument of %s either', async (command) => {
    const refuse = ({ what }: { what: string }) => Promise.reject(new AppError('NOT_FOUND', `no "${what}"`, 'no'));
    const { err } = await tollgate([command, EVIL], { operations: { allow: refuse, block: refuse, revoke: refuse } });
    expect(err).toContain('u001b');
    expect(err).not.toContain('\u001b');
  });

  it('cannot reach it as a command or an option that does not exist', async () => {
    expect((await tollgate([EVIL])).err).not.toContain('\u001b');
    expect((await tollgate(['list', `--${EVIL}`])).err).not.toContain('\u001b');
  });
});
