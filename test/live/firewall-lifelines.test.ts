/** What has to come in although nobody opened it: errors on the way, neighbours, DHCP. */
import { connect, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import { firewallOn, PBX } from '../support/firewall-host';
import { icmpWitness, quoted, type Icmp } from '../support/icmp-witness';
import { linkLocal } from '../support/link-local';
import { makePacketLab, makeSettledHost, V4, V6, type PacketLab } from '../support/packet-lab';
import { probeOn } from '../support/probe';
import { until } from '../support/until';

const SIP = 5060;

describeAsRoot('what has to work in IPv6 although nobody opened it', () => {
  let lab: PacketLab;
  beforeEach(async () => {
    lab = await makePacketLab();
  });
  afterEach(async () => {
    await lab.end();
  });

  it.each(['watch', 'guard', 'secure'] as const)(
    '%s: the router is found although its address is blocked',
    async (mode) => {
      const router = V6.stranger;
      await lab.enter(mode, { block: ['2001:db8::/64', 'fe80::/10'] });
      await lab.pbx.run('ip', ['-6', 'neigh', 'flush', 'all']);
      await lab.inside.open({ do: 'udp', id: 'asks', from: V6.pbx });
      lab.inside.send('asks', 'anything', router, 53);
      const found = async () => /lladdr/.test(await lab.pbx.run('ip', ['-6', 'neigh', 'show', router]));
      await until(found, 'the router’s link address');
      await lab.outside.run('ip', ['-6', 'neigh', 'flush', 'all']);
      expect(await lab.reaches(router, V6.pbx, SIP)).toBe(false); // it arrives: the router has found the PBX as well
    },
  );
});

describeAsRoot('answers of a DHCP server, which match no connection', () => {
  let lab: PacketLab;
  beforeAll(async () => {
    lab = await makePacketLab();
  });
  afterAll(() => lab.end());

  /** Does what a server sends from its port to the client's get to the PBX's client? */
  async function offered(from: string, to: string, ports: readonly [server: number, client: number]): Promise<boolean> {
    const [here, there] = [`server ${from} ${ports[0]}`, `client ${to} ${ports[1]}`];
    const scope = /%.*/.exec(from)?.[0] ?? '';
    if (!lab.far.isReady(here)) await lab.far.open({ do: 'udp', id: here, from, port: ports[0] });
    if (!lab.inside.isReady(there)) await lab.inside.open({ do: 'udp', id: there, from: to, port: ports[1] });
    const text = `offer ${offers++}`;
    lab.far.send(here, text, to.replace(/%.*/, scope), ports[1]);
    // A packet behind it that is let in: by then the offer has been judged.
    const family = to.includes(':') ? V6 : V4;
    expect(await lab.reaches(family.hotel, family.pbx, SIP)).toBe(true);
    return lab.inside.heard(there).includes(text);
  }
  let offers = 0;

  it('secure: get to the devices that have their address from one, and to no other', async () => {
    const members = { sip: [V4.hotel, V6.hotel] };
    const offers4 = () => offered(V4.stranger, V4.pbx, [67, 68]);
    await lab.enter('secure', members);
    expect(await offers4()).toBe(true);
    expect(await offered(V4.stranger, V4.pbx, [6767, 68])).toBe(false);
    await lab.enter('secure', members, { dhcpDevices: ['to-other'] });
    expect(await offers4()).toBe(false);
    await lab.enter('secure', members, { dhcpDevices: ['to-outside'] });
    expect(await offers4()).toBe(true);
  });

  it('secure: over IPv6 are taken from this very link only', async () => {
    await lab.enter('secure', { sip: [V4.hotel, V6.hotel] });
    const on = async (host: Host, device: string) => `${await linkLocal(host, device)}%${device}`; // as a socket needs it
    const [server, client] = [await on(lab.outside, 'to-pbx'), await on(lab.pbx, 'to-outside')];
    expect(await offered(server, client, [547, 546])).toBe(true);
    expect(await offered(server, client, [5547, 546])).toBe(false);
    expect(await offered(V6.stranger, V6.pbx, [547, 546])).toBe(false);
  });
});

describeAsRoot('secure: of ICMP', () => {
  let lab: PacketLab;
  let send: Awaited<ReturnType<typeof icmpWitness>>;
  beforeAll(async () => {
    lab = await makePacketLab();
    send = await icmpWitness(lab.pbx, lab.outside, 'to-pbx');
    await lab.outside.run('ip', ['address', 'add', `${BLOCKED[4]}/24`, 'dev', 'to-pbx']);
    await lab.outside.run('ip', ['address', 'add', `${BLOCKED[6]}/64`, 'dev', 'to-pbx', 'nodad']);
    await enter();
    for (const { hotel, pbx } of [V4, V6]) expect(await lab.reaches(hotel, pbx, SIP)).toBe(true);
  });
  afterAll(() => lab.end());

  const BLOCKED = { 4: '198.51.100.9', 6: '2001:db8::9' } as const;
  const enter = (answerPings = true) =>
    lab.enter('secure', { sip: [V4.hotel, V6.hotel], block: Object.values(BLOCKED) }, { answerPings });
  const EVERYBODY = 'ff02::1';
  const passes = async (icmp: Icmp) => (await send(icmp)).passed > 0;

  it.each<[family: 4 | 6, type: number, what: string]>([
    [4, 3, 'unreachable'],
    [4, 11, 'time exceeded'],
    [4, 12, 'a bad header'],
    [6, 1, 'unreachable'],
    [6, 2, 'too big'],
    [6, 3, 'time exceeded'],
    [6, 4, 'a bad header'],
  ])(
    'version %d, errors of type %d (%s) about a call that others began come in from any router but a blocked one',
    async (family, type) => {
      const each = family === 4 ? V4 : V6;
      const error = { to: each.pbx, type, hops: 60, body: quoted(each.pbx, each.hotel, SIP) };
      expect(await passes({ ...error, from: each.stranger })).toBe(true);
      expect(await passes({ ...error, from: BLOCKED[family] })).toBe(false);
    },
  );

  it.each<[family: 4 | 6, type: number, what: string]>([
    [4, 5, 'redirect'],
    [4, 13, 'timestamp'],
    [6, 137, 'redirect'],
    [6, 139, 'node information'],
  ])('version %d, type %d (%s) does not come in', async (family, type) => {
    const { stranger, pbx } = family === 4 ? V4 : V6;
    expect(await passes({ from: stranger, to: pbx, type, body: Buffer.alloc(32) })).toBe(false);
  });

  it.each<[type: number, what: string]>([
    [133, 'router solicitation'],
    [134, 'router advertisement'],
    [135, 'neighbour solicitation'],
    [136, 'neighbour advertisement'],
  ])('type %d (%s) comes in from this very link only', async (type) => {
    const message = {
      from: 'link',
      to: type === 134 ? EVERYBODY : V6.pbx,
      type,
      body: Buffer.alloc(type === 134 ? 8 : 16),
    };
    expect(await passes({ ...message, hops: 254 })).toBe(false); // a router has handed it on
    expect(await passes(message)).toBe(true);
  });

  it('the router that is advertised is taken', async () => {
    await send({ from: 'link', to: EVERYBODY, type: 134, body: Buffer.alloc(8) });
    await until(
      async () => /^default via fe80:.* proto ra /m.test(await lab.pbx.run('ip', ['-6', 'route'])),
      'its route',
    );
  });

  it.each<[type: number, what: string]>([
    [130, 'query'],
    [131, 'report'],
    [132, 'done'],
    [143, 'report of version 2'],
  ])('type %d (multicast listener %s) comes in from a link’s address only', async (type) => {
    const message = { to: EVERYBODY, type, hops: 1, body: Buffer.alloc(16) };
    expect(await passes({ ...message, from: 'link' })).toBe(true);
    expect(await passes({ ...message, from: V6.stranger })).toBe(false);
  });

  it.each([
    [4, 8, V4],
    [6, 128, V6],
  ] as const)('version %d, pings (type %d) are answered up to a limit, or not at all', async (_, type, each) => {
    const ping = { from: each.stranger, to: each.pbx, type, hops: 64 };
    await enter();
    expect(await send(ping)).toEqual({ passed: 1, answered: 1 });
    const { passed, answered } = await send({ ...ping, times: 100 });
    expect(answered).toBe(passed);
    expect(passed).toBeGreaterThan(10);
    expect(passed).toBeLessThan(50); // 20 at once, then 10 a second
    await enter(false);
    expect(await send(ping)).toEqual({ passed: 0, answered: 0 });
  });
});

describeAsRoot.each([
  {
    family: 4,
    far: '192.0.2.7',
    gates: ['192.0.2.1', '198.51.100.2'],
    pbx: '198.51.100.1',
    any: '0.0.0.0/0',
    length: 24,
  },
  {
    family: 6,
    far: '2001:db8:2::7',
    gates: ['2001:db8:2::1', '2001:db8:3::2'],
    pbx: '2001:db8:3::1',
    any: '::/0',
    length: 64,
  },
] as const)('a narrow path of IPv$family', ({ family, far, gates, pbx, any, length }) => {
  const made: { close(): void }[] = [];
  afterEach(() => {
    for (const each of made.splice(0)) each.close();
  });

  it('secure: a connection that others began learns how narrow it is', async () => {
    const [asterisk, router, away] = [
      await makeSettledHost('pbx'),
      await makeSettledHost('router'),
      await makeSettledHost('far'),
    ];
    made.push(asterisk, router, away);
    await connect(asterisk, [`${pbx}/${length}`], router, [`${gates[1]}/${length}`]);
    await connect(router, [`${gates[0]}/${length}`], away, [`${far}/${length}`]);
    await asterisk.run('ip', ['route', 'add', any, 'via', gates[1]]);
    await away.run('ip', ['route', 'add', any, 'via', gates[0]]);
    await router.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    await router.run('ip', ['link', 'set', 'to-far', 'mtu', '1300']); // the far end does not know
    await firewallOn(asterisk).firewall.apply({ ...PBX, mode: 'secure' }, new Map());
    const [inside, outside] = [probeOn(asterisk), probeOn(away)];
    made.push(inside, outside);
    await inside.open({ do: 'listen', id: 'web', from: pbx, port: 443 });
    await outside.open({ do: 'connect', id: 'asks', from: far, to: pbx, port: 443 });
    outside.write('asks', 'a page please');
    await until(() => inside.heard('web').length > 0, 'the question');
    inside.write('web', 'x'.repeat(20_000));
    await until(() => outside.heard('asks').join('').length === 20_000, 'a whole page');
    const errors = await asterisk.run(family === 4 ? 'iptables-save' : 'ip6tables-save', ['-c', '-t', 'filter']);
    expect(errors).toMatch(
      family === 4 ? /^\[[1-9].*--icmp-type 3 -j ACCEPT$/m : /^\[[1-9].*--icmpv6-type 2 -j ACCEPT$/m,
    );
  });
});
