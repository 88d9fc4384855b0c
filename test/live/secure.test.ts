/** The binary takes a PBX into mode secure on a real kernel: one on the Internet, and one behind a router. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModeShape } from '../../src/domain/shapes';
import { checkout } from '../../src/lab/checkout';
import { describeAsRoot } from '../support/as-root';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';

const MAIN = join(checkout(), 'dist/src/main.js');
const [SIP, OTHER] = [5060, 9000];
const ADMIN = V4.hotel;

describeAsRoot('secure', () => {
  let lab: PacketLab;
  let folder: string;
  beforeEach(async () => {
    lab = await makePacketLab();
    folder = await mkdtemp(join(tmpdir(), 'tollgate-secure-'));
    await writeFile(join(folder, 'settings.toml'), `[store]\nstate = "${folder}"\n[ami]\nenabled = false\n`);
  });
  afterEach(async () => {
    await lab.end();
    await rm(folder, { recursive: true });
  });

  /** What the binary answers, typed in a shell that came by this connection. */
  async function tollgate(typed: string, ssh = ''): Promise<ModeShape & { error?: { message: string; hint: string } }> {
    const argv = [MAIN, ...typed.split(' '), '--json', '--config', join(folder, 'settings.toml')];
    const child = lab.pbx.spawn(process.execPath, argv, { env: { ...process.env, SSH_CONNECTION: ssh } });
    const out: string[] = [];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => out.push(text));
    await once(child, 'close');
    return JSON.parse(out.join('')) as ModeShape;
  }

  /** A connection to SSH's port, as its server tells it to the shell. */
  async function connection(id: string): Promise<string> {
    await lab.far.open({ do: 'connect', id, from: ADMIN, to: V4.pbx, port: 22 });
    const known = await lab.pbx.run('ss', ['-H', '-n', '-t', 'state', 'established', `src ${V4.pbx}:22`]);
    const ports = [...known.matchAll(new RegExp(`${ADMIN}:(\\d+)`, 'g'))].map(([, port = '']) => port);
    const port = ports.find((each) => !shells.has(each)) ?? '';
    shells.add(port);
    return `${ADMIN} ${port} ${V4.pbx} 22`;
  }
  const shells = new Set<string>();

  it('on the Internet lets in its admin and nobody else, and is kept from a new connection alone', async () => {
    await lab.inside.open({ do: 'listen', id: 'ssh', from: V4.pbx, port: 22 });
    const old = await connection('old');
    await tollgate('init');
    expect((await tollgate('secure --without-asterisk', old)).error?.hint).toContain(`--admin ${ADMIN}`);
    const { trial, found } = await tollgate(`secure --without-asterisk --admin ${ADMIN}`, old);
    expect(trial?.mode).toBe('secure');
    expect(found).toContainEqual({ what: 'connected', text: 'straight to the Internet' });
    for (const { pbx, stranger } of [V4, V6])
      for (const port of [SIP, OTHER]) expect(await lab.reaches(stranger, pbx, port)).toBe(false);
    for (const port of [SIP, OTHER]) expect(await lab.reaches(ADMIN, V4.pbx, port)).toBe(true);
    expect(await lab.writeReaches('old', 'ssh')).toBe(true);
    expect((await tollgate('confirm', old)).error?.message).toContain('stood before the trial began');
    expect(await tollgate('confirm', await connection('new'))).toMatchObject({ mode: 'secure', trial: null });
    expect(await lab.reaches(V4.stranger, V4.pbx, OTHER)).toBe(false);
  });

  it('behind a router trusts its LAN on its device, and nobody whom the router hands on', async () => {
    const [pbx, router, phone] = ['192.168.1.5', '192.168.1.1', '192.168.1.20'];
    await lab.pbx.run('ip', ['address', 'flush', 'dev', 'to-outside', 'scope', 'global']);
    await lab.pbx.run('ip', ['address', 'add', `${pbx}/24`, 'dev', 'to-outside']);
    for (const address of [router, phone])
      await lab.outside.run('ip', ['address', 'add', `${address}/24`, 'dev', 'to-pbx']);
    await lab.pbx.run('ip', ['route', 'add', 'default', 'via', router]);
    await tollgate('init');
    const { trial, found } = await tollgate('secure --without-asterisk --here');
    expect([trial?.mode, found]).toEqual([
      'secure',
      expect.arrayContaining([
        { what: 'connected', text: 'behind a router' },
        { what: 'gateway', text: `${router} on to-outside` },
        { what: 'trusted', text: '192.168.1.0/24@to-outside' },
      ]),
    ]);
    expect(await lab.reaches(phone, pbx, SIP)).toBe(true);
    expect(await lab.reaches(V4.stranger, pbx, SIP)).toBe(false);
    await tollgate('rollback');
    expect(await lab.reaches(V4.stranger, pbx, SIP)).toBe(true);
    const rule = '-A PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2';
    await lab.pbx.run('iptables', ['-t', 'nat', ...rule.split(' ')]);
    expect((await tollgate('guard --without-asterisk')).error?.message).toContain('handed on to 172.17.0.2');
  });
});
