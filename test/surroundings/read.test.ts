import { readAddresses, readResolvers, readRoutes } from '../../src/surroundings/links';
import { managersIn, readNft, readSaved } from '../../src/surroundings/rules';
import { readFlows, readSockets } from '../../src/surroundings/sockets';
import { net } from '../support/net';

const OWN = new Set(['192.168.1.5', '2001:db8::5'].map(net));

describe('addresses and routes', () => {
  it('are read with their device, and whether DHCP gave them', () => {
    const json = JSON.stringify([
      { ifname: 'lo', addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] },
      {
        ifname: 'eth0',
        addr_info: [
          { family: 'inet', local: '192.168.1.5', prefixlen: 24, dynamic: true },
          { family: 'inet6', local: '2001:db8::5', prefixlen: 64, nodad: true },
        ],
      },
    ]);
    expect(readAddresses(json)).toEqual([
      { address: '192.168.1.5', network: '192.168.1.0/24', device: 'eth0', isDynamic: true },
      { address: '2001:db8::5', network: '2001:db8::/64', device: 'eth0', isDynamic: false },
    ]);
  });

  it('are read without what leads nowhere', () => {
    const json = `[{"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","flags":[]},
      {"type":"blackhole","dst":"10.9.0.0/16","flags":[]},
      {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.5","flags":[]}]`;
    expect(readRoutes(json, '0.0.0.0/0')).toEqual([
      { to: '0.0.0.0/0', device: 'eth0', gateway: '192.168.1.1', byDhcp: true },
      { to: '192.168.1.0/24', device: 'eth0', gateway: undefined, byDhcp: false },
    ]);
    const json6 = '[{"dst":"default","gateway":"fe80::1","dev":"eth0","metric":1024,"flags":[],"pref":"medium"}]';
    expect(readRoutes(json6, '::/0')).toEqual([{ to: '::/0', device: 'eth0', gateway: 'fe80::1', byDhcp: false }]);
  });

  it('are none where the tool is missing', () => {
    expect([readAddresses(''), readRoutes('', '::/0')]).toEqual([[], []]);
  });

  it('of resolvers leave out a stub of this machine', () => {
    const text =
      'search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n# nameserver x';
    expect(readResolvers(text)).toEqual(['192.0.2.53', 'fe80::1']);
  });
});

describe('sockets', () => {
  const text = `udp UNCONN 0      0                   0.0.0.0:5060               0.0.0.0:*     users:(("asterisk",pid=14,fd=4))
udp UNCONN 0      0          192.168.1.5%eth0:68                 0.0.0.0:*
udp ESTAB  0      0               192.168.1.5:40689            192.0.2.9:5060  users:(("python3",pid=14268,fd=8))
tcp LISTEN 0      128                       *:2222                     *:*     users:(("sshd",pid=14268,fd=3))
tcp LISTEN 0      128               127.0.0.1:5038               0.0.0.0:*     users:(("asterisk",pid=14,fd=3))
tcp ESTAB  0      0               192.168.1.5:38630           192.0.2.80:443   users:(("curl",pid=14268,fd=6))
tcp ESTAB  0      0      [::ffff:192.168.1.5]:2222  [::ffff:198.51.100.7]:50000 users:(("sshd",pid=14268,fd=7))
tcp ESTAB  0      0                 127.0.0.1:5038             127.0.0.1:50001
tcp TIME-WAIT 0      0              192.168.1.5:2222         198.51.100.9:50001
`;

  it('tell what listens for strangers', () => {
    expect(readSockets(text).listeners).toEqual([
      { protocol: 'udp', port: 68, program: undefined },
      { protocol: 'tcp', port: 2222, program: 'sshd' },
      { protocol: 'udp', port: 5060, program: 'asterisk' },
    ]);
  });

  it('tell who is connected, and who of both began', () => {
    const own = '192.168.1.5';
    expect(readSockets(text).connections).toEqual([
      { protocol: 'tcp', far: '192.0.2.80', farPort: 443, own, ownPort: 38630, isOurs: true },
      { protocol: 'tcp', far: '198.51.100.7', farPort: 50000, own, ownPort: 2222, isOurs: false },
    ]);
  });
});

it('UDP flows are those that were answered, and that nobody hands on', () => {
  const ends = (from: string, to: string, answering = to) =>
    `udp      17 29 src=${from} dst=${to} sport=1000 dport=2000 src=${answering} dst=${from} sport=2000 dport=1000 mark=0 use=1`;
  const text = [
    ends('198.51.100.7', '192.168.1.5'),
    ends('192.168.1.5', '192.0.2.53'),
    ends('198.51.100.8', '192.168.1.5', '172.17.0.2'),
    'udp      17 29 src=198.51.100.9 dst=192.168.1.5 sport=1 dport=2 [UNREPLIED] src=192.168.1.5 dst=198.51.100.9 sport=2 dport=1 mark=0 use=1',
    'udp      17 29 src=2001:db8::7 dst=2001:db8::5 sport=1000 dport=2000 src=2001:db8::5 dst=2001:db8::7 sport=2000 dport=1000 [ASSURED] mark=0 use=1',
    ends('127.0.0.1', '127.0.0.1'),
  ].join('\n');
  expect(readFlows(text, OWN)).toEqual([
    { protocol: 'udp', far: '198.51.100.7', farPort: 1000, own: '192.168.1.5', ownPort: 2000, isOurs: false },
    { protocol: 'udp', far: '192.0.2.53', farPort: 2000, own: '192.168.1.5', ownPort: 1000, isOurs: true },
    { protocol: 'udp', far: '2001:db8::7', farPort: 1000, own: '2001:db8::5', ownPort: 2000, isOurs: false },
  ]);
});

describe('packets that are handed on', () => {
  it('are found in the words of iptables-save', () => {
    const saved = `*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
-A DOCKER ! -i docker0 -p udp -m multiport --dports 5060,10000:20000 -j DNAT --to-destination 172.17.0.3
-A PREROUTING -d 192.168.1.5/32 -j DNAT --to-destination 10.0.0.9
-A PREROUTING -d 198.51.100.1/32 -j DNAT --to-destination 10.0.0.10
-A PREROUTING -p tcp -m tcp --dport 23 -j DNAT --to-destination 192.168.1.5:22
-A PREROUTING -p udp -j DNAT --to-destination [2001:db8::9]:5060
COMMIT
`;
    const range = (first: number, last: number) => ({ protocol: 'udp', first, last });
    expect(readSaved(saved, OWN)).toEqual({
      names: ['PREROUTING', 'DOCKER'],
      isForwardHooked: false,
      redirects: [
        { ports: range(5060, 5060), to: '172.17.0.2:5060' },
        { ports: range(5060, 5060), to: '172.17.0.3' },
        { ports: range(10000, 20000), to: '172.17.0.3' },
        { ports: undefined, to: '10.0.0.9' },
        { ports: range(1, 65_535), to: '[2001:db8::9]:5060' },
      ],
    });
    expect(readSaved('-A DOCKER-USER -p udp -j TOLLGATE-FORWARD', OWN).isForwardHooked).toBe(true);
  });

  it('are found in the JSON of nft', () => {
    const dport = (right: unknown) => ({
      match: { op: '==', left: { payload: { protocol: 'udp', field: 'dport' } }, right },
    });
    const rule = (...expr: object[]) => ({ rule: { family: 'inet', table: 'x', chain: 'pre', expr } });
    const to = (addr: string) => ({ dnat: { family: 'ip', addr, port: 5070 } });
    const nftables = [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'inet', name: 'firewalld' } },
      { chain: { family: 'inet', table: 'firewalld', name: 'pre' } },
      rule(dport(5060), to('10.0.0.2')),
      rule(dport({ set: [5061, { range: [6000, 6010] }] }), to('10.0.0.2')),
      rule(dport('@ports'), to('10.0.0.2')),
      rule({ counter: {} }, to('10.0.0.3')),
      rule(dport(22), to('192.168.1.5')),
      rule(dport(23), { redirect: { port: 2222 } }),
    ];
    const read = readNft(JSON.stringify({ nftables }), OWN);
    expect(read.redirects.map(({ ports, to: there }) => [ports?.first, ports?.last, there])).toEqual([
      [5060, 5060, '10.0.0.2'],
      [5061, 5061, '10.0.0.2'],
      [6000, 6010, '10.0.0.2'],
      [1, 65_535, '10.0.0.2'],
      [undefined, undefined, '10.0.0.3'],
    ]);
    expect(managersIn([...read.names, 'DOCKER-USER', 'f2b-sshd', 'TOLLGATE'])).toEqual([
      'Docker',
      'firewalld',
      'fail2ban',
    ]);
  });
});
