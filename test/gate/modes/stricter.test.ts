/** What guard and secure ask, find out and refuse, and from where they may be confirmed. */
import type { Connection, OwnAddress, Scene } from '../../../src/domain/surroundings';
import { net } from '../../support/net';
import { memoryFirewall, type MemoryFirewall } from '../../support/memory-firewall';
import { address, testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const [ADMIN, STRANGER] = ['198.51.100.7', '198.51.100.8'];
const SSH = `${ADMIN} 50000 192.0.2.1 22`;

let firewall: MemoryFirewall;
let gate: TestGate;
beforeEach(async () => {
  gate = await testGate((clock) => (firewall = memoryFirewall(clock)));
  await gate.operations.init({ by });
  Object.assign(gate.scene, HOSTED);
});
afterEach(() => gate.close());

const own = (text: string, device: string): OwnAddress => {
  const [alone = ''] = text.split('/');
  return { address: net(alone), network: net(text), device, isDynamic: false };
};
const tcp = (far: string, farPort: number, ownPort: number, isOurs = false): Connection => ({
  ...{ protocol: 'tcp', far: net(far), farPort, own: net('192.0.2.1'), ownPort, isOurs },
});
const route = (to: string, device: string, gateway?: string) => ({
  ...{ to: net(to), device, gateway: gateway === undefined ? undefined : net(gateway), byDhcp: false },
});
/** No LAN, a public address, and the admin on SSH from afar. */
const HOSTED: Partial<Scene> = {
  addresses: [own('192.0.2.1/24', 'eth0')],
  routes: [route('192.0.2.0/24', 'eth0'), route('0.0.0.0/0', 'eth0', '192.0.2.254')],
  connections: [tcp(ADMIN, 50000, 22)],
  listeners: [{ protocol: 'tcp', port: 22, program: 'sshd' }],
};
/** A private address on a LAN, which a router hands packets on to. */
const BEHIND_ROUTER: Partial<Scene> = {
  addresses: [own('192.168.1.5/24', 'eth0'), own('172.17.0.1/16', 'docker0'), own('fe80::5/64', 'eth0')],
  routes: [route('192.168.1.0/24', 'eth0'), route('0.0.0.0/0', 'eth0', '192.168.1.1')],
  connections: [],
};
const secure = (more: object = {}) => gate.operations.secure({ by, lose: [], ssh: SSH, ...more });
const admin = ADMIN;

describe('secure', () => {
  it('refuses while nobody is sure to come in, and proposes where the shell comes from', async () => {
    await gate.operations.allow({ by, what: ADMIN, services: ['ssh'] });
    await expect(secure()).rejects.toMatchObject({
      code: 'REFUSED',
      hint: expect.stringContaining(`--admin ${ADMIN}`) as string,
    });
    expect(firewall.policy?.trial).toBeUndefined();
  });

  it('lets the admin in for good, to everything, before anything closes; only revoke --admin ends it', async () => {
    const shape = await secure({ admin });
    expect(shape).toMatchObject({ mode: 'watch', trial: { mode: 'secure' }, lost: [] });
    expect(firewall.policy?.trial?.mode).toBe('secure');
    expect(firewall.held()).toEqual(expect.arrayContaining([`all ${ADMIN}`, `ssh ${ADMIN}`, `sip ${ADMIN}`]));
    expect(await gate.operations.list({})).toMatchObject([
      { what: ADMIN, primary: true, until: null, services: ['all'] },
    ]);
    await expect(gate.operations.revoke({ by, what: ADMIN })).rejects.toMatchObject({ code: 'REFUSED' });
    const line = (await gate.operations.log({ limit: 9 })).find(({ action }) => action === 'allow')?.id ?? 0;
    await expect(gate.operations.undo({ by, id: line })).rejects.toMatchObject({ code: 'REFUSED' });
    await gate.operations.revoke({ by, what: ADMIN, admin: true });
  });

  it('refuses to cut off the very shell that it was typed in, whoever else is let in', async () => {
    await expect(secure({ admin: '203.0.113.200' })).rejects.toMatchObject({
      what: `secure would cut off your own connection, from ${ADMIN} to tcp/22`,
    });
    expect(await gate.operations.list({})).toEqual([]);
  });

  it('refuses a way in that is blocked', async () => {
    await gate.operations.block({ by, what: '203.0.113.200' });
    gate.scene.connections = [];
    await expect(secure({ admin: '203.0.113.200', ssh: undefined })).rejects.toMatchObject({
      what: '203.0.113.200 would have no access, although it is let in',
    });
  });

  it('is typed without a way in on a console alone, and on no shell that came by SSH', async () => {
    await gate.operations.allow({ by, what: ADMIN, services: ['ssh'] });
    await expect(secure({ here: true })).rejects.toMatchObject({ code: 'REFUSED' });
    gate.scene.connections = [];
    await gate.operations.secure({ by, lose: [], here: true });
    expect(firewall.policy?.trial?.mode).toBe('secure');
  });

  it('names every connection, trunk and phone that would be lost, and loses those whom somebody agreed to lose', async () => {
    gate.asterisk.peersNow = [
      { name: '701', address: address('192.0.2.50'), kind: 'phone' },
      { name: '702', address: address(ADMIN), kind: 'phone' },
      { name: 'carrier', address: undefined, kind: 'trunk' },
    ];
    gate.scene.connections = [
      ...(HOSTED.connections ?? []),
      tcp(STRANGER, 40000, 443),
      tcp(STRANGER, 40001, 5060), // who is registered is told by Asterisk; this is a stranger at its door
      tcp('192.0.2.80', 443, 38630, true),
      { ...tcp(STRANGER, 12000, 12002), protocol: 'udp' }, // media, which Asterisk answers
      { ...tcp('203.0.113.9', 1194, 1194), protocol: 'udp' },
    ];
    const lost = [
      'connection to our tcp/443 from 198.51.100.8',
      'connection to our udp/1194 from 203.0.113.9',
      'phone 701 192.0.2.50',
      'trunk carrier (Asterisk tells no address of it)',
    ];
    expect(await secure({ admin, dryRun: true })).toMatchObject({ lost });
    await expect(secure({ admin, lose: ['701', 'carrier', STRANGER] })).rejects.toMatchObject({
      what: `secure would cut off ${lost[1]}`,
    });
    expect((await secure({ admin, lose: ['701', 'carrier', STRANGER, '203.0.113.9'] })).lost).toEqual(lost);
  });

  it('goes by what a peer speaks: an entry for one protocol, or for ssh, lets in no other', async () => {
    const speaking = (name: string, channel: string | undefined, at: string) => ({
      ...{ name, address: address(at), kind: 'trunk' as const },
      ...(channel !== undefined && { channel }),
    });
    gate.asterisk.peersNow = [
      speaking('iax', 'IAX2', '192.0.2.50'),
      speaking('sip', 'PJSIP', '192.0.2.51'),
      speaking('old', 'SIP', '192.0.2.52'),
      speaking('any', undefined, '192.0.2.53'),
      speaking('ssh', 'PJSIP', '192.0.2.54'),
      speaking('lan', 'PJSIP', '192.168.7.5'),
    ];
    for (const [what, service] of [
      ...[50, 52, 53].map((last) => [`192.0.2.${last}`, 'sip'] as const),
      ...[['192.0.2.51', 'phone'] as const, ['192.0.2.54', 'ssh'] as const],
    ])
      await gate.operations.allow({ by, what, services: [service] });
    gate.scene.routes = [...(HOSTED.routes ?? []), route('192.168.7.0/24', 'eth1')];
    const asked = { by, lose: [], ssh: SSH, trust: ['192.168.7.0/24@eth1'] };
    const lost = ['trunk iax 192.0.2.50', 'trunk ssh 192.0.2.54'];
    await expect(gate.operations.guard(asked)).rejects.toMatchObject({
      what: `guard would cut off ${lost.join(', ')}`,
    });
    await gate.operations.guard({ ...asked, lose: ['iax', 'ssh'] });
    const told = (await gate.operations.check({})).map(({ peer, ok, why }) => [peer, ok, why]);
    expect(told).toEqual([
      ['iax', false, 'no entry lets it in for iax, in mode guard'],
      ...['sip', 'old', 'any'].map((peer) => [peer, true, expect.stringMatching(/^open by entry/) as string]),
      ['ssh', false, 'no entry lets it in for sip, in mode guard'],
      ['lan', true, 'let in without an entry: by its network or country'],
    ]);
  });

  it('is asked of all of a network that a trunk calls from: of each part of it that anything tells apart', async () => {
    const trunk = { name: 'carrier', channel: 'PJSIP', address: address('203.0.113.128/25'), kind: 'trunk' as const };
    gate.asterisk.peersNow = [trunk];
    const asked = { by, lose: [], ssh: SSH };
    const lost = { what: 'guard would cut off trunk carrier 203.0.113.128/25' };
    const isOk = async () => (await gate.operations.check({})).map(({ address: at, ok, why }) => [at, ok, why]);
    await expect(gate.operations.guard(asked)).rejects.toMatchObject(lost);
    await gate.operations.allow({ by, what: '203.0.113.128/26', services: ['sip'] });
    await gate.operations.allow({ by, what: '203.0.113.192-203.0.113.254', services: ['sip'] });
    await expect(gate.operations.guard(asked)).rejects.toMatchObject(lost);
    await gate.operations.guard({ ...asked, lose: ['carrier'] });
    expect(await isOk()).toEqual([['203.0.113.128/25', false, 'not all of it is let in for sip, in mode guard']]);
    await gate.operations.rollback({ by });
    await gate.operations.allow({ by, what: '203.0.113.255', services: ['sip'] });
    await gate.operations.block({ by, what: '203.0.113.130' }); // it is not heard now either
    expect((await gate.operations.guard(asked)).lost).toEqual([]);
    await gate.operations.unblock({ by, what: '203.0.113.130' });
    expect(await isOk()).toMatchObject([['203.0.113.128/25', true, expect.stringMatching(/^let in without an entry/)]]);
  });

  it('guard loses fewer: what is not guarded is left to the admin’s own rules', async () => {
    gate.scene.connections = [...(HOSTED.connections ?? []), tcp(STRANGER, 40000, 443)];
    expect((await gate.operations.guard({ by, lose: [], ssh: SSH })).lost).toEqual([]);
  });

  it('refuses where Asterisk’s packets are handed on past our rules', async () => {
    gate.scene.redirects = [{ ports: { protocol: 'udp', first: 5160, last: 5160 }, to: '172.17.0.2:5060' }];
    for (const operation of [secure({ admin }), gate.operations.guard({ by, lose: ['all'] })])
      await expect(operation).rejects.toMatchObject({
        what: expect.stringContaining('handed on to 172.17.0.2') as string,
      });
    const elsewhere = { ports: undefined, to: '172.17.0.3' };
    gate.scene.redirects = [{ ports: { protocol: 'tcp', first: 8443, last: 8443 }, to: '172.17.0.2:443' }, elsewhere];
    await expect(gate.operations.guard({ by, lose: [], withoutAsterisk: true })).rejects.toMatchObject({
      what: expect.stringContaining('every port are handed on to 172.17.0.3') as string,
    });
    expect((await secure({ admin })).found).toContainEqual({
      what: 'firewall',
      text: 'packets to tcp/8443 are handed on to 172.17.0.2:443',
    });
  });

  it('shows what it found, and what stays reachable', async () => {
    gate.scene.managers = ['Docker'];
    gate.asterisk.outsideNow = ['203.0.113.2'];
    const opens = '-A INPUT -p udp -m udp --dport 5160 -j ACCEPT'; // where Asterisk is found to listen
    firewall.foreignRules = [opens, '-A INPUT -p tcp -m tcp --dport 8443 -j ACCEPT'];
    const { found } = await secure({ admin, dryRun: true });
    expect(found).toEqual(
      expect.arrayContaining([
        { what: 'own address', text: '192.0.2.1 on eth0' },
        { what: 'own address', text: '203.0.113.1, by the settings' },
        { what: 'own address', text: "203.0.113.2, by Asterisk's transport udp" },
        { what: 'connected', text: 'straight to the Internet' },
        { what: 'gateway', text: '192.0.2.254 on eth0' },
        { what: 'Asterisk listens', text: 'udp/5160' },
        { what: 'way in', text: ADMIN },
        { what: 'firewall', text: 'Docker has rules of its own' },
        { what: 'firewall', text: opens },
        { what: 'service', text: 'tcp/22 (ssh), sshd: entries and trusted networks only' },
      ]),
    );
  });

  it('names what nobody could see, and goes on blind only when somebody agrees', async () => {
    const [ss, conntrack] = ['ss', 'conntrack'].map((tool) => ({ tool, why: `it is missing: apt install ${tool}` }));
    gate.scene.unseen = [ss, conntrack, { tool: 'nft', why: 'it may not' }].flatMap((each) => each ?? []);
    const lost = [
      'TCP connections that only ss tells (it is missing: apt install ss)',
      'UDP flows that only conntrack tells (it is missing: apt install conntrack)',
    ];
    await expect(secure({ admin })).rejects.toMatchObject({ what: `secure would cut off ${lost.join(', ')}` });
    const { found } = await secure({ admin, lose: ['ss', 'conntrack'] });
    expect(found).toContainEqual({ what: 'not seen', text: 'what nft tells: it may not' });
    expect(found).toContainEqual({ what: 'not seen', text: 'what ss tells: it is missing: apt install ss' });
    const again = gate.operations.confirm({ by, ssh: SSH, here: true });
    await expect(again).rejects.toMatchObject({ what: expect.stringContaining('ss tells nothing') as string });
    await gate.operations.confirm({ by, here: true });
    expect((await secure({ admin })).lost).toEqual([]);
  });

  it('typed again takes in the ports on which Asterisk has begun to listen, at once', async () => {
    await secure({ admin });
    await gate.operations.confirm({ by, here: true });
    const port = { protocol: 'udp', first: 5099, last: 5099 } as const;
    jest.spyOn(gate.asterisk, 'listeningPorts').mockResolvedValue({ sip: [port], iax: [] });
    const told = (await gate.operations.status({})).parts.find(({ name }) => name === 'ports');
    expect(told).toMatchObject({ state: 'warn', hint: 'tollgate secure' });
    expect(await secure()).toMatchObject({ mode: 'secure', trial: null });
    expect(firewall.policy?.services.find(({ name }) => name === 'sip')?.ports).toContainEqual(port);
  });

  it('keeps a port that was found before as long as anything listens on it, whoever looks now', async () => {
    const udp = (port: number) => ({ protocol: 'udp', first: port, last: port }) as const;
    const [strange, gone, now] = [udp(7000), udp(7001), udp(5060)];
    const seen = jest.spyOn(gate.asterisk, 'listeningPorts').mockResolvedValue({ sip: [strange, gone], iax: [] });
    await gate.operations.watch({ by });
    seen.mockResolvedValue({ sip: [now], iax: [] });
    await gate.operations.watch({ by });
    const kept = async (more: object = {}) => {
      await secure({ admin, ...more });
      return (await gate.store.modeState()).listening?.sip;
    };
    const [first] = (await gate.store.modeState()).listening?.sip ?? []; // of init
    expect(await kept({ withoutAsterisk: true })).toEqual([first, strange, gone, now]);
    gate.scene.listeners = [
      { protocol: 'udp', port: 7000, program: undefined },
      { protocol: 'tcp', port: 7001, program: undefined },
    ];
    seen.mockResolvedValue({ sip: [], iax: [] });
    expect(await kept()).toEqual([first, strange, gone, now]); // Asterisk may be starting anew
    seen.mockResolvedValue({ sip: [now], iax: [] });
    expect(await kept()).toEqual([strange, now]);
  });

  it('goes down to guard at once, because that is less strict', async () => {
    await secure({ admin });
    gate.scene.connections = [tcp(ADMIN, 50001, 22)];
    await gate.operations.confirm({ by, ssh: `${ADMIN} 50001 192.0.2.1 22` });
    expect(await gate.operations.guard({ by, lose: [] })).toMatchObject({ mode: 'guard', trial: null });
  });
});

describe('a trunk that Asterisk knows by name alone', () => {
  const HOST = 'sip.provider.example';
  const guard = (lose: readonly string[] = []) =>
    gate.operations.guard({ by, lose, ssh: SSH, dryRun: lose[0] === '?' });
  const lost = async () => (await guard(['?'])).lost;
  const checked = async () => (await gate.operations.check({})).map(({ address, ok, why }) => [address, ok, why]);
  beforeEach(() => {
    gate.asterisk.peersNow = [{ name: 'provider', channel: 'PJSIP', address: undefined, host: HOST, kind: 'trunk' }];
    gate.names.set(HOST, { A: ['198.51.100.30'] });
    gate.names.set(`_sip._udp.${HOST}`, { SRV: ['east.provider.example'] });
    gate.names.set('east.provider.example', { A: ['198.51.100.31'], AAAA: ['2001:db8::31'] });
  });
  const ALL = ['198.51.100.30', '198.51.100.31'].map((each) => `trunk provider ${HOST} ${each}`);

  it('is cut off with every address that nothing lets in, those of its SRV records too, unless somebody agrees', async () => {
    expect(await lost()).toEqual(ALL);
    await expect(guard()).rejects.toMatchObject({ code: 'REFUSED', what: `guard would cut off ${ALL.join(', ')}` });
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual(ALL);
    await guard([HOST]);
    expect(firewall.policy?.trial?.mode).toBe('guard');
  });

  it('is not cut off once its name is let in, also while DNS does not tell it any more', async () => {
    await gate.operations.allow({ by, what: HOST });
    expect(await lost()).toEqual([]);
    gate.names.fail('no server answers');
    expect(await lost()).toEqual([]);
    await guard();
    await gate.operations.confirm({ by, here: true, ssh: '203.0.113.3 1 192.0.2.1 22' });
    expect((await checked()).map(([, ok]) => ok)).toEqual([true, true]);
  });

  it('is named when nobody can say where it is', async () => {
    gate.names.fail('no server answers');
    const who = `trunk provider ${HOST} (no server answers)`;
    expect(await lost()).toEqual([who]);
    await expect(guard()).rejects.toMatchObject({ what: `guard would cut off ${who}` });
    expect((await gate.operations.watch({ by })).wouldLose?.secure).toContain(who);
    expect(await checked()).toEqual([[null, true, 'no address to judge: no server answers']]);
    await guard([who]);
    expect(await checked()).toEqual([[null, false, 'no address to judge: no server answers']]);
    gate.names.fail(undefined);
    gate.names.remove(HOST);
    gate.names.remove(`_sip._udp.${HOST}`);
    expect((await checked())[0]?.[2]).toBe('no address to judge: DNS knows no address of it');
  });

  it('is ko in guard for each address that is not open', async () => {
    await gate.operations.allow({ by, what: '198.51.100.31' });
    await guard(['provider']);
    expect(await checked()).toEqual([
      ['198.51.100.30', false, 'no entry lets it in for sip, in mode guard'],
      ['198.51.100.31', true, expect.stringMatching(/^open by entry/)],
    ]);
  });

  it('is asked for over IPv6 as well, where the machine has a way there', async () => {
    gate.scene.routes = [...(HOSTED.routes ?? []), route('::/0', 'eth0', 'fe80::1')];
    expect(await lost()).toEqual([...ALL, `trunk provider ${HOST} 2001:db8::31`]);
  });
});

describe('a LAN', () => {
  const trusted = () => firewall.policy?.trusted;
  const LAN = [{ network: '192.168.1.0/24', device: 'eth0' }];

  it('is trusted unasked behind a router, on its device, and a network of containers is none', async () => {
    Object.assign(gate.scene, BEHIND_ROUTER);
    gate.asterisk.peersNow = [{ name: '701', address: address('192.168.1.20'), kind: 'phone' }];
    const shape = await gate.operations.secure({
      by,
      lose: [],
      admin: '192.168.1.9',
      ssh: '192.168.1.9 50000 192.168.1.5 22',
    });
    expect([trusted(), shape.lost]).toEqual([LAN, []]);
  });

  it('is not trusted unasked where the Internet reaches the machine, but may be named', async () => {
    gate.scene.addresses = [...(HOSTED.addresses ?? []), own('192.168.1.5/24', 'eth1')];
    gate.scene.routes = [...(HOSTED.routes ?? []), route('192.168.1.0/24', 'eth1')];
    gate.asterisk.peersNow = [{ name: '701', address: address('192.168.1.20'), kind: 'phone' }];
    expect((await secure({ admin, dryRun: true })).lost).toEqual(['phone 701 192.168.1.20']);
    const lan = '192.168.1.0/24@eth1';
    expect((await secure({ admin, trust: [lan] })).lost).toEqual([]);
    await gate.operations.confirm({ by, here: true, ssh: '203.0.113.3 1 192.0.2.1 22' });
    await gate.reconcile();
    expect(trusted()).toEqual([{ network: '192.168.1.0/24', device: 'eth1' }]);
    await expect(secure({ trust: ['192.168.1.0/24'] })).rejects.toMatchObject({ code: 'MISUSED' });
    await expect(secure({ trust: ['none'] })).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('DHCP is let in on the devices that use it', async () => {
    const dhcp = async (more: Partial<Scene>) => {
      Object.assign(gate.scene, HOSTED, more);
      await secure({ admin });
      return firewall.policy?.dhcpDevices;
    };
    expect(await dhcp({})).toEqual([]);
    expect(await dhcp({ routes: [{ ...route('0.0.0.0/0', 'eth0', '192.0.2.254'), byDhcp: true }] })).toEqual(['eth0']);
    expect(await dhcp({ listeners: [{ protocol: 'udp', port: 68, program: undefined }] })).toBeUndefined();
  });
});

/** To a web server. */
const CROWD = Array.from({ length: 5_000 }, (_, i) => tcp(ADMIN, 1024 + i, 443));

describe('a trial is confirmed', () => {
  const confirm = (ssh?: string, here?: boolean) =>
    gate.operations.confirm({ by, ...(ssh !== undefined && { ssh }), ...(here && { here }) });
  const NEW = `${ADMIN} 50001 192.0.2.1 22`;
  beforeEach(async () => {
    gate.scene.connections = [...(HOSTED.connections ?? []), tcp('127.0.0.1', 600, 22), tcp(ADMIN, 49999, 2222)];
    await secure({ admin });
    gate.scene.connections = [...gate.scene.connections, tcp(ADMIN, 50001, 22), tcp('192.0.2.1', 601, 22)];
  });

  it('from a connection that was made since, and survives a restart until then', async () => {
    await gate.restore();
    await confirm(NEW);
    expect(await gate.store.modeState()).toMatchObject({ mode: 'secure', trial: undefined });
  });

  it.each([
    ['from one that stood before', SSH, 'stood before'],
    ['from one on another port that stood before', `${ADMIN} 49999 192.0.2.1 2222`, 'stood before'],
    ['from one that is over', `${ADMIN} 50777 192.0.2.1 22`, 'is over'],
    ['from this machine itself', '192.0.2.1 601 192.0.2.1 22', 'from this machine itself'],
    ['from nowhere that anybody can tell', undefined, 'nobody can tell'],
    ['from something that is no connection', 'x', 'nobody can tell'],
  ])('not %s', async (_, ssh, why) => {
    await expect(confirm(ssh)).rejects.toMatchObject({ code: 'REFUSED', what: expect.stringContaining(why) as string });
    expect((await gate.store.modeState()).mode).toBe('watch');
  });

  it.each([
    ['the shell that asked, of which nobody saw the connection', SSH, []],
    ['one to an sshd on a port of another service', `${STRANGER} 40000 192.0.2.1 443`, [tcp(STRANGER, 40000, 443)]],
    ['one to an sshd on a port of SIP', `${STRANGER} 40001 192.0.2.1 5061`, [tcp(STRANGER, 40001, 5061)]],
    ['one of SSH among thousands of others', `${STRANGER} 40002 192.0.2.1 22`, [...CROWD, tcp(STRANGER, 40002, 22)]],
  ])('not from %s', async (_, ssh, standing) => {
    await gate.operations.rollback({ by });
    gate.scene.connections = standing;
    await secure({ lose: ['all'] });
    gate.scene.connections = [...standing, tcp(ADMIN, 50000, 22)];
    await expect(confirm(ssh)).rejects.toMatchObject({ what: expect.stringContaining('stood before') as string });
  });

  it('not from a connection that was made while the rules were applied', async () => {
    await gate.operations.rollback({ by });
    const apply = firewall.apply.bind(firewall);
    const between = tcp(ADMIN, 50002, 22);
    jest.spyOn(firewall, 'apply').mockImplementationOnce((...all) => {
      gate.scene.connections = [...(gate.scene.connections ?? []), between];
      return apply(...all);
    });
    await secure();
    await expect(confirm(`${ADMIN} 50002 192.0.2.1 22`)).rejects.toMatchObject({
      what: expect.stringContaining('stood before') as string,
    });
  });

  it('from none but SSH’s ports when thousands of others stood before', async () => {
    await gate.operations.rollback({ by });
    gate.scene.connections = CROWD;
    await secure({ lose: ['all'] });
    gate.scene.connections = [...CROWD, tcp(ADMIN, 50003, 2222), tcp(ADMIN, 50004, 22)];
    await expect(confirm(`${ADMIN} 50003 192.0.2.1 2222`)).rejects.toMatchObject({
      what: expect.stringContaining('too many connections') as string,
    });
    await confirm(`${ADMIN} 50004 192.0.2.1 22`);
  });

  it('on a console, which a shell that came by SSH is not', async () => {
    await expect(confirm(NEW, true)).rejects.toMatchObject({ what: expect.stringContaining('no console') as string });
    await confirm(undefined, true);
    expect((await gate.store.modeState()).mode).toBe('secure');
  });
});

describe('watch tells who would be lost', () => {
  it('of those whom Asterisk knows now, by what they speak', async () => {
    const iax = { name: 'iax', channel: 'IAX2', address: address('192.0.2.60'), kind: 'trunk' } as const;
    gate.asterisk.peersNow = [iax];
    await gate.operations.allow({ by, what: '192.0.2.60', services: ['sip'] });
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual(['trunk iax 192.0.2.60']);
    await gate.hear();
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual(['trunk iax 192.0.2.60']);
    gate.asterisk.isDown = true;
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual([]); // nobody knows what it speaks
  });

  it('of those whom Asterisk knew in the last day', async () => {
    gate.asterisk.peersNow = [{ name: '701', address: address('192.0.2.50'), kind: 'phone' }];
    await gate.hear();
    gate.asterisk.peersNow = [];
    await gate.proof({ extension: '702', address: address('192.0.2.51') });
    await gate.clock.advance(5 * 60_000);
    await gate.hear();
    const { parts } = await gate.operations.status({});
    expect(parts.find(({ name }) => name === 'heard')).toMatchObject({
      state: 'warn',
      detail: '2 phones and trunks heard in the last day; guard would cut off 2: phone 701 192.0.2.50, …',
    });
    const { wouldLose } = await gate.operations.watch({ by });
    expect(wouldLose?.guard).toEqual(['phone 701 192.0.2.50', 'phone 702 192.0.2.51']);
    expect(wouldLose?.secure).toEqual([
      'connection to our tcp/22 from 198.51.100.7',
      'phone 701 192.0.2.50',
      'phone 702 192.0.2.51',
    ]);
    await gate.operations.allow({ by, what: '192.0.2.50' });
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual(['phone 702 192.0.2.51']);
    await gate.clock.advance(24 * 3600_000 + 1);
    expect((await gate.operations.watch({ by })).wouldLose?.guard).toEqual([]);
  });
});
