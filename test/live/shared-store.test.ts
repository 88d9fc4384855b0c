/** Three PBXs, each with its own kernel and daemon, on one real MariaDB; one of them is cut off from it and comes back. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect as dial, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryShape, StatusShape } from '../../src/domain/shapes';
import { checkout } from '../../src/lab/checkout';
import { connect, makeHost, type Host } from '../../src/lab/host';
import { startMariadb, type RunningMariadb } from '../../src/lab/mariadb';
import { MARIADB, tree } from '../../src/lab/trees';
import { run } from '../../src/run';
import { describeAsRoot } from '../support/as-root';
import { probeOn, type Probe } from '../support/probe';
import { until } from '../support/until';

const HOTEL = '192.0.2.77';
const OFFICE = '192.0.2.10';
const STRANGER = '192.0.2.166';
const A_SECOND = 1000;

/** The way of one PBX to the database: a socket of its own that leads to the server's. */
interface Cable {
  readonly path: string;
  /** From now on nothing passes, and neither end is told; undone, both ends learn that their connections are gone. */
  cut(is: boolean): void;
  close(): void;
}

async function cableTo(server: () => string, path: string): Promise<Cable> {
  const ends = new Set<Socket>();
  let isCut = false;
  const listener = createServer((near) => {
    const far = dial(server());
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on('data', (data) => {
        if (!isCut) to.write(data);
      });
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
  }).listen(path);
  await once(listener, 'listening');
  const hangUp = () => {
    for (const end of ends) end.destroy();
    ends.clear();
  };
  return {
    path,
    cut: (is) => {
      isCut = is;
      if (!is) hangUp();
    },
    close: () => {
      hangUp();
      listener.close();
    },
  };
}

describeAsRoot('three PBXs on one database', () => {
  let folder: string;
  let server: RunningMariadb;
  let world: Host;
  let probe: Probe;
  const pbxs: Pbx[] = [];
  interface Pbx {
    readonly name: string;
    readonly host: Host;
    readonly cable: Cable;
    readonly daemon: ChildProcess;
    readonly logged: string[];
    /** Its answer with `--json`. */
    tollgate(...typed: readonly string[]): Promise<unknown>;
    holds(address: string): Promise<boolean>;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tg-shared-'));
    server = await startMariadb(await tree(MARIADB, { progress: () => undefined }));
    for (const name of ['node_modules', 'package.json', 'src', 'sounds']) {
      await symlink(join(checkout(), name), join(folder, name));
    }
    const compile = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'].map((word) =>
      word === '-p' ? word : join(checkout(), word),
    );
    await run(process.execPath, [...compile, '--noCheck', '--outDir', join(folder, 'dist')], { timeoutMs: 100_000 });
    for (const name of ['a', 'b', 'c']) pbxs.push(await startPbx(name));
    world = await makeHost('world');
    await connect(world, [`${HOTEL}/24`, `${STRANGER}/24`], pbx('c').host, ['192.0.2.1/24']);
    probe = probeOn(world);
  });
  afterAll(async () => {
    for (const { daemon } of pbxs) daemon.kill('SIGKILL');
    for (const { cable, host } of pbxs) {
      cable.close();
      host.close();
    }
    probe.close();
    world.close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  function pbx(name: string): Pbx {
    const found = pbxs.find((one) => one.name === name);
    if (!found) throw new Error(`no PBX ${name}`);
    return found;
  }

  async function startPbx(name: string): Promise<Pbx> {
    const state = join(folder, name);
    await mkdir(state);
    // One secret for all: PINs are kept with it.
    if (name !== 'a') await copyFile(join(folder, 'a/pepper'), join(state, 'pepper'));
    const host = await makeHost(name);
    const cable = await cableTo(() => server.socketPath, join(folder, `${name}.sock`));
    const settings = join(folder, `${name}.toml`);
    const database = `mysql://root@localhost/tollgate?socket=${cable.path}`;
    const store = ['[store]', `state = "${state}"`, `database = "${database}"`, `pbx = "${name}"`];
    await writeFile(settings, [...store, '[agi]', 'port = 4999', '[ami]', 'enabled = false'].join('\n'));
    const main = join(folder, 'dist/src/main.js');
    const tollgate = async (...typed: readonly string[]): Promise<unknown> => {
      const argv = [main, '--config', settings, '--json', ...typed];
      const child = host.spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
      await once(child, 'close');
      return JSON.parse(out) as unknown;
    };
    await tollgate('init');
    const daemon = host.spawn(process.execPath, [main, '--config', settings, 'serve'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const logged: string[] = [];
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => logged.push(text));
    await until(() => existsSync(join(state, 'control.sock')), `${name} listens`, 30_000);
    const test = (address: string) => host.run('ipset', ['test', 'tg-sip4', address]);
    const holds = (address: string) =>
      test(address).then(
        () => true,
        () => false,
      );
    return { name, host, cable, daemon, logged, tollgate, holds };
  }

  const allow = (name: string, what: string) => pbx(name).tollgate('allow', what, '--service', 'sip', '--for', '8h');
  const status = async (name: string) => (await pbx(name).tollgate('status')) as StatusShape;
  const inAll = (names: readonly string[], address: string, is: boolean) =>
    until(
      async () => (await Promise.all(names.map((name) => pbx(name).holds(address)))).every((held) => held === is),
      `${address} is ${is ? 'open' : 'closed'} on ${names.join(', ')}`,
      A_SECOND,
    );

  it('a door opened on one is in the kernels of the others within a second', async () => {
    await allow('a', HOTEL);
    expect(await pbx('a').holds(HOTEL)).toBe(true);
    await inAll(['b', 'c'], HOTEL, true);
    expect((await pbx('b').tollgate('list')) as EntryShape[]).toMatchObject([{ what: HOTEL, pbx: 'a' }]);
  });

  it('a door that another one closes is closed on all within a second', async () => {
    await allow('a', OFFICE);
    await inAll(['b', 'c'], OFFICE, true);
    await pbx('b').tollgate('revoke', OFFICE);
    expect(await pbx('b').holds(OFFICE)).toBe(false);
    await inAll(['a', 'c'], OFFICE, false);
  });

  it('each has a mode of its own', async () => {
    await pbx('c').tollgate('guard', '--without-asterisk');
    await pbx('c').tollgate('confirm', '--here');
    expect((await status('c')).mode).toBe('guard');
    expect((await status('a')).mode).toBe('watch');
  });

  describe('one that is cut off from the database', () => {
    let sent = 0;
    /** Does a packet from there reach the SIP port of C? */
    const isHeard = async (from: string): Promise<boolean> => {
      const text = `packet ${++sent}`;
      const before = await packets();
      await probe.open({ do: 'udp', id: text, from });
      probe.send(text, text, '192.0.2.1', 5060);
      await until(async () => (await packets()) > before, `${text} from ${from} arrives`);
      await until(() => ear.heard('sip').includes(text), text, 200).catch(() => undefined);
      return ear.heard('sip').includes(text);
    };
    /** UDP packets that came over the cable, before any verdict. */
    const packets = async () => {
      const saved = await pbx('c').host.run('iptables-save', ['-c', '-t', 'raw']);
      return Number(/^\[(\d+):\d+\] -A PREROUTING -i to-world -p udp$/m.exec(saved)?.[1]);
    };
    let ear: Probe;
    beforeAll(async () => {
      await pbx('c').host.run('iptables', '-t raw -A PREROUTING -i to-world -p udp'.split(' '));
      ear = probeOn(pbx('c').host);
      await ear.open({ do: 'udp', id: 'sip', from: '192.0.2.1', port: 5060 });
      pbx('c').cable.cut(true);
    });
    afterAll(() => ear.close());

    it('goes on deciding, and says since when it is alone', async () => {
      await allow('b', OFFICE);
      await pbx('a').tollgate('revoke', HOTEL);
      await inAll(['a', 'b'], HOTEL, false);
      expect([await isHeard(HOTEL), await isHeard(STRANGER)]).toEqual([true, false]);
      await until(() => pbx('c').logged.join('').includes('database away'), 'C notices', 20_000);
      const { ok, parts } = await status('c');
      expect({ ok, parts }).toMatchObject({ ok: false, parts: [{ name: 'database', state: 'fail' }, {}, {}] });
      expect(parts[0]?.since).toMatch(/^20/);
      expect(await allow('c', STRANGER)).toMatchObject({ error: { code: 'STORE_FAILED' } });
      expect([await isHeard(HOTEL), await isHeard(STRANGER)]).toEqual([true, false]);
    });

    it('catches up when it is back, and opens doors again', async () => {
      pbx('c').cable.cut(false);
      await until(() => pbx('c').holds(OFFICE), 'C has what was opened meanwhile', 15_000);
      await inAll(['c'], HOTEL, false);
      expect(await isHeard(HOTEL)).toBe(false);
      expect((await status('c')).parts.map(({ name }) => name)).toContain('doors');
      await until(async () => 'id' in ((await allow('c', STRANGER)) as object), 'C opens a door', 20_000);
      await inAll(['a', 'b'], STRANGER, true);
      expect(await isHeard(STRANGER)).toBe(true);
    });
  });
});
