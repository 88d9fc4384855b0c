/** A PBX that lets names in, and the name server that they live on: it changes, fails, lies and comes back. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectControl } from '../../src/control/client';
import type { Operations } from '../../src/gate/operations';
import { checkout } from '../../src/lab/checkout';
import { connect, makeHost, type Host } from '../../src/lab/host';
import { startNameServer, type RunningNameServer } from '../../src/lab/name-server';
import { NSD, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { SCRIPT } from '../support/restore-script';
import { until } from '../support/until';

const OFFICE = 'office.example.com';
const NAME_SERVER = '192.0.2.53';
/** Where what is asked is counted, also what gets lost then. */
const COUNTED = ['-t', 'mangle'];
const SETTINGS = `
[agi]
port = 4999
[ami]
enabled = false
[call]
allow_documentation_addresses = true
[mail]
admin = "admin@example.com"
[dns]
servers = ["${NAME_SERVER}"]
timeout = "1s"
refresh_least = "1s"
refresh_most = "1s"
grace = "3s"
stale_alarm = "1s"
`;

describeAsRoot('a name that is let in', () => {
  let folder: string;
  let pbx: Host;
  let net: Host;
  let server: RunningNameServer;
  let daemon: ChildProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-names-'));
    await writeFile(join(folder, 'settings.toml'), `[store]\nstate = "${folder}/state"\n${SETTINGS}`);
    [pbx, net] = [await makeHost('pbx'), await makeHost('net')];
    await connect(pbx, ['192.0.2.1/24'], net, [`${NAME_SERVER}/24`]);
    server = await startNameServer(net, await tree(NSD, { progress: () => undefined }), 'example.com');
    await server.publish([
      ...['office IN A 198.51.100.7', 'office IN AAAA 2001:db8::7', 'lan IN A 10.1.1.1'],
      ...['_sip._udp.trunk IN SRV 0 0 5060 edge.trunk', 'edge.trunk IN A 198.51.100.30'],
    ]);
    await net.run('iptables', [...COUNTED, '-A', 'PREROUTING', '-p', 'udp', '--dport', '53']);
    await tollgate(pbx, 'init');
    daemon = await serve(pbx);
  });
  afterAll(async () => {
    daemon.kill('SIGKILL');
    await server.close();
    for (const host of [pbx, net]) host.close();
    await rm(folder, { recursive: true });
  });

  const start = (host: Host, typed: readonly string[], stdio: ['ignore', 'pipe' | 'ignore', 'pipe' | 'ignore']) =>
    host.spawn(
      process.execPath,
      [join(checkout(), 'dist/src/main.js'), '--config', join(folder, 'settings.toml'), ...typed],
      { stdio },
    );

  async function tollgate<T>(host: Host, ...typed: readonly string[]): Promise<T> {
    const child = start(host, ['--json', ...typed], ['ignore', 'pipe', 'ignore']);
    let out = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
    await once(child, 'close');
    return JSON.parse(out) as T;
  }

  async function serve(host: Host): Promise<ChildProcess> {
    const child = start(host, ['serve'], ['ignore', 'ignore', 'pipe']);
    await new Promise<void>((resolve) => {
      if (!child.stderr) return;
      createInterface(child.stderr).on('line', (line) => {
        if (line.includes('"part":"control"')) resolve();
      });
    });
    return child;
  }

  const kernel = async (host = pbx): Promise<string[]> => {
    const sets = await Promise.all(['tg-sip4', 'tg-sip6'].map((set) => host.run('ipset', ['list', set])));
    return sets
      .flatMap((text) => [...text.matchAll(/^([0-9a-f.:]+) timeout/gm)].map(([, address]) => address ?? ''))
      .sort();
  };
  const holds = (...addresses: readonly string[]) =>
    until(async () => (await kernel()).join() === addresses.join(), `the kernel holds ${addresses.join()}`, 15_000);
  /** Of the daemon, without a command's start. */
  async function ask<T>(question: (operations: Operations) => Promise<T>): Promise<T> {
    const client = await connectControl<Operations>(join(folder, 'state/control.sock'));
    if (!client) throw new Error('no daemon listens');
    return question(client.calls).finally(() => client.close());
  }

  const stateOf = async () =>
    (await ask((operations) => operations.list({}))).find(({ what }) => what === OFFICE)?.state;
  const questions = async (): Promise<number> => {
    const rule = (await net.run('iptables', [...COUNTED, '-vxnL', 'PREROUTING'])).trim().split('\n').at(-1) ?? '';
    return Number(/^\s*(\d+)/.exec(rule)?.[1]);
  };
  /** Both families, and three kinds of SRV, have been asked for twice since now: at least once from beginning to end. */
  const askedAgain = async () => {
    const before = await questions();
    await until(async () => (await questions()) >= before + 10, 'it was asked again', 15_000);
  };
  const subjects = async (): Promise<string[]> => {
    const files = (await readdir(join(folder, 'state/mail')).catch(() => [])).filter((file) => file.endsWith('.eml'));
    const texts = await Promise.all(files.map((file) => readFile(join(folder, 'state/mail', file), 'utf8')));
    return texts.flatMap((text) => /^Subject: (.*?) \(/m.exec(text)?.[1] ?? []).sort();
  };

  it('opens every address that it has, in both families; one that is not there is refused', async () => {
    expect(await tollgate(pbx, 'allow', 'ofice.example.com')).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(await tollgate(pbx, 'allow', OFFICE)).toMatchObject({
      kind: 'name',
      addresses: ['198.51.100.7', '2001:db8::7'],
    });
    expect(await kernel()).toEqual(['198.51.100.7', '2001:db8::7']);
    expect(await tollgate(pbx, 'allow', 'trunk.example.com', '--dry-run')).toMatchObject({
      addresses: ['198.51.100.30'],
    });
  });

  it('is followed when it moves: the new address at once, the old one for the grace', async () => {
    await server.publish(['office IN A 198.51.100.8', 'office IN AAAA 2001:db8::7']);
    await holds('198.51.100.7', '198.51.100.8', '2001:db8::7');
    expect(await pbx.run('ipset', ['list', 'tg-sip4'])).toMatch(
      /198\.51\.100\.7 timeout [1-3] [^]*198\.51\.100\.8 timeout 0 |198\.51\.100\.8 timeout 0 [^]*198\.51\.100\.7 timeout [1-3] /,
    );
    await holds('198.51.100.8', '2001:db8::7');
    const told = await ask((operations) => operations.log({ limit: 10 }));
    expect(told.at(-1)).toMatchObject({
      action: 'follow',
      what: OFFICE,
      why: expect.stringMatching('100.8 joined.*100.7 left') as string,
    });
  });

  it('stays as it is while its server loses the zone, is silent, knows no address of it, and knows it no more', async () => {
    for (const fails of [
      () => server.publish(undefined),
      () => server.silence(true),
      async () => {
        await server.publish(['office IN TXT "moved"']);
        await server.silence(false);
      },
      () => server.publish(['other IN A 198.51.100.9']),
    ]) {
      await fails();
      await askedAgain();
      expect(await kernel()).toEqual(['198.51.100.8', '2001:db8::7']);
      expect(await stateOf()).toBe('stale');
    }
    const status = await ask((operations) => operations.status({}));
    expect(status.parts.find(({ name }) => name === 'names')).toMatchObject({ state: 'warn' });
    await until(async () => (await subjects()).length > 0, 'a letter tells it');
    expect(await subjects()).toEqual([`${OFFICE} cannot be looked up`]);
  });

  it('that comes back with private addresses is told of, and only the good one is let in', async () => {
    await server.publish([
      'office IN A 198.51.100.9',
      'office IN A 10.0.0.1',
      'office IN A 192.0.2.1',
      'office IN AAAA ::1',
    ]);
    await until(async () => (await kernel()).includes('198.51.100.9'), 'the good address is open', 15_000);
    await until(async () => (await subjects()).length > 2, 'letters tell it');
    expect(await subjects()).toEqual([
      `${OFFICE} answers with addresses that are not let in`,
      `${OFFICE} cannot be looked up`,
      `${OFFICE} is known again`,
    ]);
    await holds('198.51.100.9');
  });

  it('comes back after a boot without any DNS, and is followed again when there is some', async () => {
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
    await pbx.run('ip', ['link', 'delete', 'to-net']); // both ends, at once
    pbx.close();
    pbx = await makeHost('pbx'); // not even a cable
    await pbx.run('sh', [SCRIPT, join(folder, 'state/firewall')]);
    expect(await kernel()).toEqual(['198.51.100.9']);
    daemon = await serve(pbx);
    await until(async () => (await stateOf()) === 'stale', 'it is marked');
    expect(await kernel()).toEqual(['198.51.100.9']);
    expect(await tollgate(pbx, 'allow', 'lan.example.com')).toMatchObject({ error: { code: 'DNS_FAILED' } });
    await server.publish(['office IN A 198.51.100.10']);
    await connect(pbx, ['192.0.2.1/24'], net, [`${NAME_SERVER}/24`]);
    await until(async () => (await kernel()).includes('198.51.100.10'), 'it is followed', 15_000);
    await until(async () => (await stateOf()) === 'active', 'it is marked no more');
  });
});
