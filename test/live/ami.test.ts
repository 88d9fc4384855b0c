import '../support/patience';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPhones, type Asterisk } from '../../src/asterisk/phones';
import type { ProcFiles } from '../../src/asterisk/listening';
import { procFiles } from '../../src/asterisk/listening-proc';
import { clock } from '../../src/clock';
import type { Proof } from '../../src/domain/phones';
import { parseNetwork, type Network } from '../../src/domain/network';
import { startAsterisk, type RunningAsterisk } from '../../src/lab/asterisk';
import { checkout } from '../../src/lab/checkout';
import { connect, makeHost, type Host } from '../../src/lab/host';
import { inTree, type Room } from '../../src/lab/room';
import { ASTERISK_22, tree } from '../../src/lab/trees';
import { describeAsRoot } from '../support/as-root';
import { relayTo, type Relay } from '../support/relay';
import { until } from '../support/until';

const FILES = join(checkout(), 'test/live/ami');
const SECRET = 'a secret of this test';
const PBX = { 4: '203.0.113.1', 6: '[2001:db8::1]:5060' };

describeAsRoot('the real Asterisk 22 over AMI', () => {
  let pbx: Host, hotel: Host, phone: Room, asterisk: RunningAsterisk, relay: Relay, phones: Asterisk;
  const logged: unknown[] = [];
  const opened: Asterisk[] = [];
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    const dir = await tree(ASTERISK_22, { progress: (line) => process.stderr.write(`${line}\n`) });
    [pbx, hotel] = [await makeHost('pbx'), await makeHost('hotel')];
    const addresses = ['203.0.113.77/24', '203.0.113.78/24', '2001:db8::77/64', '2001:db8::78/64'];
    await connect(pbx, ['203.0.113.1/24', '2001:db8::1/64'], hotel, addresses);
    phone = await inTree(hotel, dir);
    for (const name of await readdir(FILES))
      await phone.write(`/tmp/${name}`, await readFile(join(FILES, name), 'utf8'));
    asterisk = await startAsterisk(pbx, { tree: dir, config: await configuration() });
    relay = await relayTo(pbx, 5038);
    phones = open('tollgate');
    await until(() => phones.state.state === 'up', 'AMI is up');
  });
  afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')));
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.stop()));
    await relay.close();
    await asterisk.close();
    phone.close();
    [pbx, hotel].forEach((host) => host.close());
  });

  function open(user: string, secret = SECRET, proc = procOf(pbx), way = relay): Asterisk {
    const made = openPhones({
      ami: { host: 'localhost', port: way.path, user, secret, patience: { retryMs: 50, longestRetryMs: 500 } },
      listening: { iaxPort: 4569, rtp: { protocol: 'udp', first: 10000, last: 20000 } },
      proc,
      clock,
      random: randomBytes,
      log: (event, fields) => void logged.push({ user, event, ...fields }),
    });
    opened.push(made);
    made.start();
    return made;
  }
  function sipp(scenario: string, extension: string, from: string, port: number, ...more: string[]): ChildProcess {
    const to = from.includes(':') ? PBX[6] : PBX[4];
    const args = [
      '-sf',
      `/tmp/${scenario}.xml`,
      '-s',
      extension,
      '-m',
      '1',
      '-i',
      from,
      '-mi',
      from,
      '-p',
      String(port),
    ];
    const child = phone.spawn('sipp', [...args, ...more, '-nostdin', '-timeout', '40', to], { stdio: 'ignore' });
    running.push(child);
    return child;
  }
  async function register(extension: string, from: string, port: number): Promise<void> {
    const [code] = (await once(sipp('register-expect-200', extension, from, port), 'exit')) as [number];
    expect(code).toBe(0);
  }
  async function channels(): Promise<number> {
    return Number(/(\d+) active channel/.exec(await asterisk.rx('core show channels count'))?.[1]);
  }
  async function callUp(count: number): Promise<void> {
    for (let tries = 0; tries < 400 && (await channels()) !== count; tries++);
    expect(await channels()).toBe(count);
  }

  it('tells who registered from where, by the packet and not by what the phone wrote', async () => {
    const proofs: Proof[] = [];
    const end = phones.onProof((proof) => proofs.push(proof));
    await register('701', '203.0.113.77', 5099);
    await register('702', '203.0.113.77', 5098);
    await register('701', '2001:db8::77', 5097);
    await until(() => proofs.length === 3, 'three proofs');
    end();
    expect(proofs).toEqual([
      { extension: '701', address: '203.0.113.77' },
      { extension: '702', address: '203.0.113.77' },
      { extension: '701', address: '2001:db8::77' },
    ]);
    const peers = await phones.peers();
    expect(peers).toEqual(
      expect.arrayContaining([
        { name: '701', channel: 'PJSIP', address: '203.0.113.77', kind: 'phone' },
        { name: '701', channel: 'PJSIP', address: '2001:db8::77', kind: 'phone' },
        { name: '702', channel: 'PJSIP', address: '203.0.113.77', kind: 'phone' },
        { name: 'carrier', channel: 'PJSIP', address: '198.51.100.9', kind: 'trunk' },
        { name: 'provider', channel: 'PJSIP', address: undefined, host: 'sip.example.com', kind: 'trunk' },
        { name: 'carrier', channel: 'PJSIP', address: '203.0.113.78', kind: 'trunk' },
        { name: 'carrier', channel: 'PJSIP', address: '2001:db8::78', kind: 'trunk' },
        { name: 'carrier', channel: 'PJSIP', address: undefined, host: 'sip.example.net', kind: 'trunk' },
        { name: 'carrier', channel: 'PJSIP', address: '198.51.100.20/30', kind: 'trunk' },
        { name: 'carrier', channel: 'PJSIP', address: '2001:db8:9::/48', kind: 'trunk' },
        { name: 'iaxtrunk', channel: 'IAX2', address: '203.0.113.50', kind: 'trunk' },
      ]),
    );
    expect(peers).toHaveLength(11);
  });

  it('tells what its settings and lists name, for an import', async () => {
    const { mentions, leftOut } = await phones.known();
    expect(mentions.map(({ of, setting, value }) => `${of}, ${setting}: ${value}`).sort()).toEqual([
      'IAX peer iaxtrunk, host: 203.0.113.50',
      'IAX registration of me, host: 203.0.113.60:4570',
      'endpoint carrier, contact: sip:198.51.100.9:5060',
      'endpoint carrier, match: 198.51.100.20/255.255.255.252 sip.example.net',
      'endpoint carrier, match: 2001:db8:9::/48',
      'endpoint carrier, match: 203.0.113.78, 2001:db8::78',
      'phone 701, registered from there: 2001:db8::77',
      'phone 701, registered from there: 203.0.113.77',
      'phone 702, registered from there: 203.0.113.77',
      'registration provider, client_uri: sip:me@sip.example.com',
      'registration provider, server_uri: sip:sip.example.com',
    ]);
    expect(leftOut).toEqual([]);
  });

  it('tells which address its transports give out as their own', async () => {
    expect(await phones.outsideAddresses()).toEqual([
      { address: '203.0.113.200', from: "Asterisk's transport behind-router (external_signaling_address)" },
    ]);
  });

  it('forgets the contacts of a closed door, and Asterisk sends them nothing new', async () => {
    const gone = await phones.forgetContacts(network('203.0.113.77'));
    expect(gone.map((key) => key.split(';')[0]).sort()).toEqual(['701', '702']);
    expect((await phones.peers()).filter(({ kind }) => kind === 'phone')).toEqual([
      { name: '701', channel: 'PJSIP', address: '2001:db8::77', kind: 'phone' },
    ]);
    expect(await asterisk.rx('pjsip show aor 701')).not.toContain('203.0.113.77');
    const { closed, open: stillOpen } = await newRequests('203.0.113.77', '2001:db8::77');
    expect(stillOpen).toBeGreaterThan(3);
    expect(closed).toBe(0);
    expect(await phones.forgetContacts(network('203.0.113.77'))).toEqual([]);
  });

  /**
   * How many requests Asterisk began towards each while it began four more towards `open`. One that was under way is
   * repeated for half a minute: its branch tells it from a new one.
   */
  async function newRequests(closed: string, open: string): Promise<{ closed: number; open: number }> {
    const capture = hotel.spawn('tcpdump', ['-lnAq', '-i', 'any', 'udp', 'dst', 'portrange', '5097-5099'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    running.push(capture);
    let text = '';
    capture.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // A second at least: what was begun before has been sent once more by then.
    await until(() => branchesTo(text, open).size >= 4, 'four requests');
    const before = branchesTo(text, closed);
    const count = branchesTo(text, open).size;
    await until(() => branchesTo(text, open).size >= count + 4, 'four more');
    const added = [...branchesTo(text, closed)].filter((branch) => !before.has(branch));
    return { closed: added.length, open: branchesTo(text, open).size - count };
  }

  it('hangs up the calls of one address within a second, and no others', async () => {
    sipp('call-expect-bye', '5551', '203.0.113.78', 5081);
    sipp('call-expect-bye', '5552', '2001:db8::78', 5082);
    await callUp(2);
    const began = performance.now();
    const hungUp = await phones.hangUp(network('203.0.113.78'));
    await callUp(1);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(hungUp).toEqual([expect.stringMatching(/^PJSIP\/carrier-/)]);
    expect(await phones.hangUp(network('2001:db8::/64'))).toHaveLength(1);
    await callUp(0);
  });

  it('hangs up tens of calls within a second', async () => {
    sipp('call-expect-bye', '5551', '203.0.113.78', 5083, '-m', '40', '-r', '40');
    await callUp(40);
    const began = performance.now();
    expect(await phones.hangUp(network('203.0.113.78'))).toHaveLength(40);
    expect(performance.now() - began).toBeLessThan(1_000);
    await callUp(0);
  });

  it('hangs up a call that Asterisk made to a phone, with or without rewrite_contact', async () => {
    for (const [extension, port] of [
      ['701', 5099],
      ['702', 5098],
    ] as const) {
      await register(extension, '203.0.113.77', port);
      sipp('answer', extension, '203.0.113.77', port);
      const to = extension === '702' ? 'PJSIP/702/sip:702@203.0.113.77:5098' : `PJSIP/${extension}`;
      await asterisk.rx(`channel originate ${to} application Wait 100`);
      await callUp(1);
      expect(await phones.hangUp(network('203.0.113.0/24'))).toHaveLength(1);
      await callUp(0);
      await phones.forgetContacts(network('203.0.113.77'));
    }
  });

  it('finds the ports on which Asterisk listens, and none of its others, also for who may not see its files', async () => {
    const all = procOf(pbx);
    const list: ProcFiles['list'] = (path) =>
      path.endsWith('/fd') ? Promise.reject(Object.assign(new Error(path), { code: 'EACCES' })) : all.list(path);
    const asService = open('tollgate', SECRET, { ...all, list });
    await until(() => asService.state.state === 'up', 'AMI is up');
    for (const each of [phones, asService]) {
      expect(await each.listeningPorts()).toEqual({
        iax: [{ protocol: 'udp', first: 4569, last: 4569 }],
        sip: [
          { protocol: 'udp', first: 5060, last: 5060 },
          { protocol: 'tcp', first: 7001, last: 7001 },
          { protocol: 'tcp', first: 8088, last: 8088 },
        ],
      });
    }
    await asService.stop();
  });

  it('works by events alone for a user that may write nothing, and says so', async () => {
    const reduced = open('reader');
    await until(() => reduced.state.state === 'reduced', 'reduced');
    expect(reduced.state.detail).toContain('may not send Status, Hangup');
    await expect(reduced.hangUp(network('203.0.113.77'))).rejects.toMatchObject({ code: 'AMI_REFUSED' });
    await expect(reduced.peers()).rejects.toMatchObject({ code: 'AMI_REFUSED' });
    const proofs: Proof[] = [];
    reduced.onProof((proof) => proofs.push(proof));
    await register('701', '203.0.113.77', 5099);
    await until(() => proofs.length === 1, 'a proof');
    await reduced.stop();
  });

  it('is told about a wrong secret, and does not hammer', async () => {
    const wrong = open('tollgate', 'not this one');
    await until(() => wrong.state.detail.includes('refused'), 'the refusal');
    expect(wrong.state).toMatchObject({
      state: 'down',
      detail: 'Asterisk refused the AMI login of "tollgate": Authentication failed',
    });
    // Meanwhile a hammer that strikes after every retryMs would have struck again and again.
    for (let i = 0; i < 5; i++) await register('701', '203.0.113.77', 5099);
    await wrong.stop();
    const refusals = (await asterisk.log()).match(/SecurityEvent="InvalidPassword".*Service="AMI"/g) ?? [];
    expect(refusals).toHaveLength(1);
  });

  it('is told of good passwords, and not of the challenges before them, which nobody reads', async () => {
    const own = await relayTo(pbx, 5038);
    const watching = open('tollgate', SECRET, procOf(pbx), own);
    await until(() => watching.state.state === 'up', 'AMI is up');
    await register('701', '203.0.113.77', 5090);
    await until(() => watching.logins > 0, 'a login');
    const heard = await own.heard();
    expect(heard).toContain('Event: SuccessfulAuth');
    expect(heard).not.toContain('Event: ChallengeSent');
    await watching.stop();
    await own.close();
  });

  it('is back by itself when Asterisk is, and its listeners go on', async () => {
    logged.length = 0;
    const proofs: Proof[] = [];
    phones.onProof((proof) => proofs.push(proof));
    await asterisk.kill();
    await until(() => phones.state.state === 'down', 'down');
    await expect(phones.peers()).rejects.toMatchObject({ code: 'AMI_DOWN' });
    await asterisk.restart();
    await until(() => phones.state.state === 'up', 'up again', 30_000);
    await register('701', '203.0.113.77', 5099);
    await until(() => proofs.length === 1, 'a proof');
    const mine = logged.filter((line) => (line as { user: string }).user === 'tollgate');
    expect(mine.length).toBeLessThan(6);
    expect(mine.at(-1)).toEqual({ user: 'tollgate', event: 'asterisk', state: 'up', detail: 'connected' });
  });
});

/** Of the packets that tcpdump shows, each behind its line of time and addresses. */
function branchesTo(text: string, address: string): ReadonlySet<string> {
  const packets = text
    .split(/^(?=\d\d:\d\d:\d\d\.)/m)
    .filter((packet) => packet.split('\n')[0]?.includes(`> ${address}.`));
  return new Set(packets.flatMap((packet) => packet.match(/branch=[^\s;]+/g) ?? []));
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

/** The files that Tollgate would see on that host. */
function procOf(host: Host): ProcFiles {
  const there = (path: string) => path.replace(/^\/proc\/net\//, `/proc/${host.pid}/net/`);
  return { ...procFiles, read: (path) => procFiles.read(there(path)) };
}

async function configuration(): Promise<Record<string, string>> {
  const names = ['pjsip.conf', 'pjsip_more.conf', 'extensions.conf', 'iax.conf', 'http.conf'];
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(FILES, name), 'utf8')] as const),
  );
  const user = (await readFile(join(checkout(), 'dialplan/manager-tollgate.conf'), 'utf8')).replace('@SECRET@', SECRET);
  const reader = user.replace('[tollgate]', '[reader]').replace('write = system', 'write =');
  const general = '[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\n';
  return { ...Object.fromEntries(files), 'manager.conf': general + user + reader };
}
