import { AppError } from '../../src/errors';
import type { Mode } from '../../src/domain/firewall';
import { flowsOfOthers, forgetFlows, ownAddresses } from '../../src/firewall/forget-flows';
import { fakeClock } from '../support/fake-clock';
import { wholeSets } from '../../src/firewall/whole-sets';
import { PBX } from '../support/firewall-host';

const DEAF = 'calls that are up may have gone deaf';

const OWN = ownAddresses(`1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
2: to-outside    inet 198.51.100.1/24 scope global to-outside\\       valid_lft forever preferred_lft forever
2: to-outside    inet6 2001:db8::1/64 scope global \\       valid_lft forever preferred_lft forever
3: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\\       valid_lft forever preferred_lft forever
`);

it("knows the machine's own addresses, without networks and without the far end of a tunnel", () => {
  expect([...OWN]).toEqual(['127.0.0.1', '::1', '198.51.100.1', '2001:db8::1', '10.8.0.1']);
});

const media = { from: '192.0.2.9', to: '198.51.100.1', fromPort: 4000, toPort: 10000 };
it.each<[string, string, unknown[]]>([
  [
    'media that others began',
    'udp      17 29 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 src=198.51.100.1 dst=192.0.2.9 sport=10000 dport=4000 [ASSURED] mark=0 use=1',
    [media],
  ],
  [
    'that nobody has answered yet',
    'udp      17 29 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 [UNREPLIED] src=198.51.100.1 dst=192.0.2.9 sport=10000 dport=4000 mark=0 use=1',
    [media],
  ],
  [
    'where the kernel counts',
    'udp      17 29 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 packets=7 bytes=1204 [UNREPLIED] src=198.51.100.1 dst=192.0.2.9 sport=10000 dport=4000 packets=0 bytes=0 mark=0 use=1',
    [media],
  ],
  [
    'over IPv6',
    'udp      17 29 src=2001:db8::7 dst=2001:db8::1 sport=4000 dport=10000 src=2001:db8::1 dst=2001:db8::7 sport=10000 dport=4000 [ASSURED] mark=0 use=1',
    [{ ...media, from: '2001:db8::7', to: '2001:db8::1' }],
  ],
  [
    'media that we began',
    'udp      17 29 src=198.51.100.1 dst=192.0.2.9 sport=10000 dport=4000 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 [ASSURED] mark=0 use=1',
    [],
  ],
  [
    'between own addresses',
    'udp      17 29 src=127.0.0.1 dst=127.0.0.1 sport=4000 dport=10000 src=127.0.0.1 dst=127.0.0.1 sport=10000 dport=4000 mark=0 use=1',
    [],
  ],
  [
    'signalling, about which sets decide whoever began',
    'udp      17 29 src=192.0.2.9 dst=198.51.100.1 sport=5060 dport=5060 src=198.51.100.1 dst=192.0.2.9 sport=5060 dport=5060 [ASSURED] mark=0 use=1',
    [],
  ],
  [
    'what only passes through',
    'udp      17 29 src=10.0.0.7 dst=192.0.2.9 sport=4000 dport=10000 src=192.0.2.9 dst=10.0.0.7 sport=10000 dport=4000 [ASSURED] mark=0 use=1',
    [],
  ],
  [
    'what is handed on to a container',
    'udp      17 29 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 src=172.17.0.2 dst=192.0.2.9 sport=10000 dport=4000 [ASSURED] mark=0 use=1',
    [],
  ],
  ['anything else', 'conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.\n', []],
])('%s', (_, line, flows) => {
  expect(flowsOfOthers(`${line}\n`, OWN, PBX)).toEqual(flows);
});

const LISTED =
  'udp 17 29 src=192.0.2.9 dst=198.51.100.1 sport=4000 dport=10000 src=198.51.100.1 dst=192.0.2.9 sport=10000 dport=4000 mark=0 use=1';
it.each<[string, Mode, string, string, string[]]>([
  ['is forgotten by secure', 'secure', '-A TOLLGATE -g TOLLGATE-SECURE', '', []],
  [
    'that has ended meanwhile is no fault',
    'secure',
    '-A TOLLGATE -g TOLLGATE-SECURE',
    '0 flow entries have been deleted',
    [],
  ],
  ['that cannot be forgotten is told', 'secure', '-A TOLLGATE -g TOLLGATE-SECURE', 'Operation not permitted', [DEAF]],
  ['is left alone by a mode that is in force already', 'secure', 'add tg-sip4 192.0.2.1 timeout 0', '', []],
  ['is left alone by guard', 'guard', '-A TOLLGATE -g TOLLGATE-GUARD', '', []],
])('a flow that others began %s', async (name, mode, sent, complaint, told) => {
  const commands: string[] = [];
  const said: string[] = [];
  const run = (file: string, args: readonly string[]) => {
    commands.push([file, ...args].join(' '));
    if (file === 'ip') return Promise.resolve(' inet 198.51.100.1/24 ');
    if (args.includes('-L')) return Promise.resolve(args.includes('ipv4') ? LISTED : '');
    const failed = new AppError('FIREWALL_FAILED', `conntrack failed (1): ${complaint}`, 'see above');
    return complaint === '' ? Promise.resolve('') : Promise.reject(failed);
  };
  const log = (event: string) => void said.push(event);
  await forgetFlows({ ...PBX, mode }, [sent], { run, log, clock: fakeClock(), wholes: wholeSets() });
  const forgets = 'conntrack -D -f ipv4 -p udp -s 192.0.2.9 -d 198.51.100.1 --sport 4000 --dport 10000';
  expect(commands.includes(forgets)).toBe(!name.startsWith('is left alone'));
  expect(said.filter((event) => event === DEAF)).toEqual(told);
});
