/** The built binary on a real kernel, in a network namespace: what people and scripts meet. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImportShape } from '../../src/domain/shapes';
import { checkout } from '../../src/lab/checkout';
import { makeHost, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import { until } from '../support/until';

const PIN = '58392017';

describeAsRoot('the binary', () => {
  let folder: string;
  let host: Host;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-cli-'));
    host = await makeHost('pbx');
    await mkdir(join(folder, 'state'));
    const settings = ['[store]', `state = "${folder}/state"`, '[agi]', 'port = 4999', '[ami]', 'enabled = false'];
    await writeFile(join(folder, 'settings.toml'), settings.join('\n'));
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    host.close();
    await rm(folder, { recursive: true });
  });

  function start(argv: readonly string[]): ChildProcess {
    const argument = [join(checkout(), 'dist/src/main.js'), ...argv, '--config', join(folder, 'settings.toml')];
    const child = host.spawn(process.execPath, argument, { stdio: 'pipe' });
    started.push(child);
    return child;
  }

  async function tollgate(typed: string, stdin = '') {
    const child = start(typed.split(' '));
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    child.stdin?.end(stdin);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: out.join(''), err: err.join('') };
  }

  function collect(stream: NodeJS.ReadableStream | null): string[] {
    const chunks: string[] = [];
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    return chunks;
  }

  const rules = () => host.run('iptables', ['-S']);

  it('says what to do first on a fresh machine', async () => {
    const ran = await tollgate('list');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('run "tollgate init"');
  });

  it('init --dry-run makes nothing, init makes it once', async () => {
    expect((await tollgate('init --dry-run')).out).toContain('would be made  the firewall, in mode watch');
    expect(existsSync(join(folder, 'state/pepper'))).toBe(false);
    expect(await rules()).not.toContain('TOLLGATE');
    expect((await tollgate('init')).out).toContain('made  the firewall, in mode watch');
    expect(await rules()).toContain('-A INPUT -j TOLLGATE');
    expect((await tollgate('init')).out).toContain('was there  the firewall, in mode watch');
  });

  it('allow opens a door in the kernel, undo closes it', async () => {
    const ran = await tollgate('allow 198.51.100.7 --for 8h');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(await host.run('ipset', ['list', 'tg-sip4'])).toContain('198.51.100.7');
    const [, undo] = /undo with: tollgate (undo \d+)/.exec(ran.out) ?? [];
    expect((await tollgate(undo ?? '')).code).toBe(0);
    expect(await host.run('ipset', ['list', 'tg-sip4'])).not.toContain('198.51.100.7');
    expect(JSON.parse((await tollgate('list --json')).out)).toEqual([]);
  });

  it('takes a PIN from stdin and shows it nowhere', async () => {
    const ran = await tollgate('account add 12 --pin-stdin', `${PIN}\n`);
    expect(ran.code).toBe(0);
    const all = [ran, await tollgate('account show 12'), await tollgate('log')].map(({ out, err }) => out + err);
    expect(all.join('')).not.toContain(PIN);
  });

  it('ends with 2 for a typing mistake', async () => {
    expect(await tollgate('alow 192.0.2.1')).toMatchObject({ code: 2, out: '' });
  });

  it('speaks to the daemon while it runs, and follows its journal until Ctrl-C', async () => {
    const daemon = start(['serve']);
    await until(() => existsSync(join(folder, 'state/control.sock')), 'the daemon listens', 30_000);
    const follower = start(['log', '--follow', '--json']);
    const told = collect(follower.stdout);
    await until(() => told.join('').includes('"account-add"'), 'the journal so far is shown', 30_000);
    expect((await tollgate('block 203.0.113.66 --note rude')).code).toBe(0);
    await until(() => told.join('').includes('"rude"'), 'the new line is shown', 30_000);
    follower.kill('SIGINT');
    expect((await once(follower, 'exit'))[0]).toBe(0);
    for (const line of told.join('').trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    daemon.kill('SIGTERM');
    expect((await once(daemon, 'exit'))[0]).toBe(0);
    expect(await host.run('ipset', ['list', 'tg-block4'])).toContain('203.0.113.66');
  });

  it('firewall restore brings back what a reboot would, through the daemon and without it', async () => {
    expect(statSync(join(folder, 'state/firewall')).mode & 0o777).toBe(0o640);
    expect((await tollgate('firewall restore --dry-run')).out).toContain('add tg-block4 203.0.113.66');
    const daemon = start(['serve']);
    await until(() => existsSync(join(folder, 'state/control.sock')), 'the daemon listens', 30_000);
    for (const itself of [false, true]) {
      await host.run('iptables', ['-F', 'TOLLGATE']);
      await host.run('ipset', ['flush', 'tg-block4']);
      const ran = await tollgate('firewall restore');
      expect([itself, ran.code, ran.out]).toEqual([itself, 0, expect.stringContaining('the firewall is restored: ')]);
      expect(await rules()).toContain('-A TOLLGATE -g TOLLGATE-WATCH');
      expect(await host.run('ipset', ['list', 'tg-block4'])).toContain('203.0.113.66');
      if (itself) continue;
      daemon.kill('SIGTERM');
      await once(daemon, 'exit');
    }
    expect((await tollgate('log')).out).toContain('Restored to mode watch');
  });

  it('import iptables takes over whom the rules of this machine let in, as the kernel has them', async () => {
    const theirs = readFileSync(join(checkout(), 'test/samples/travelin-man-3.rules'), 'utf8')
      .replace('callcentric.com', '203.0.113.128/25') // iptables itself has looked it up
      .replace(':INPUT DROP', ':INPUT ACCEPT');
    await host.run('iptables-restore', ['--noflush'], { stdin: theirs });
    await host.run('ip6tables', '-A INPUT -s 2001:db8::7 -p udp -m udp --dport 5060 -j ACCEPT'.split(' '));
    const shown = JSON.parse((await tollgate('import iptables --json')).out) as ImportShape;
    const news = shown.proposals
      .filter(({ state }) => state === 'new')
      .map(({ what, services }) => [what, ...services]);
    expect(news).toEqual([
      ...[
        ['10.0.0.0/8', 'all'],
        ['172.16.0.0/12', 'all'],
        ['192.168.0.0/16', 'all'],
      ],
      ...[
        ['209.216.2.211', 'sip', 'rtp'],
        ['203.0.113.128/25', 'sip'],
        ['192.0.2.7', 'phone', 'ssh'],
      ],
      ...[['198.51.100.10-198.51.100.20', 'all'], ['203.0.113.9'], ['2001:db8::7', 'sip']],
    ]);
    expect((await tollgate('import iptables --apply')).out).toContain(
      'Done, in one step; what is marked ! was left out',
    );
    expect(await host.run('ipset', ['list', 'tg-sip4'])).toContain('203.0.113.128/25');
    expect(await host.run('ipset', ['list', 'tg-sip6'])).toContain('2001:db8::7');
    const again = JSON.parse((await tollgate('import iptables --json')).out) as ImportShape;
    expect(again.proposals.filter(({ state }) => state === 'new')).toEqual([]);
  });

  it('init --undo takes everything out of the kernel', async () => {
    const ran = await tollgate('init --undo');
    expect(ran.out).toContain('removed');
    expect(await rules()).not.toContain('TOLLGATE');
    expect(await host.run('ipset', ['list', '-n'])).not.toContain('tg-');
    expect(existsSync(join(folder, 'state/firewall'))).toBe(false);
  });
});
