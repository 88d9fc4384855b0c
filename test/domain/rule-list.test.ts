import fc from 'fast-check';
import { readRuleList, type Found } from '../../src/domain/rule-list';

/** `accept 192.0.2.7: udp 5060`, one for each. */
const said = (text: string) => readRuleList(text).found.map(words);
function words({ verdict, source = 'everybody', ports, comment, others }: Found): string {
  const all = ports?.map(({ protocol, first, last }) => `${protocol} ${first === last ? first : `${first}-${last}`}`);
  const more = [
    comment === undefined ? [] : [`"${comment}"`],
    others.length > 0 ? [`if ${others.join(', ')}`] : [],
  ].flat();
  return [`${verdict} ${source}: ${all?.join(', ') ?? 'all'}`, ...more].join(' ');
}

const one: [rule: string, meant: string[]][] = [
  ['-A INPUT -s 192.0.2.7/32 -j ACCEPT', ['accept 192.0.2.7/32: all']],
  ['-A INPUT -s 192.0.2.7 -p udp -m udp --dport 5060:5069 -j ACCEPT', ['accept 192.0.2.7: udp 5060-5069']],
  [
    '-A INPUT -s 192.0.2.7 -p tcp -m multiport --dports 22,https,8000:8089 -m comment --comment "Ann\\"s desk" -j ACCEPT',
    ['accept 192.0.2.7: tcp 22, tcp 443, tcp 8000-8089 "Ann"s desk"'],
  ],
  ['-A INPUT -m iprange --src-range 192.0.2.10-192.0.2.20 -j ACCEPT', ['accept 192.0.2.10-192.0.2.20: all']],
  ['[17:1020] -A INPUT -s 2001:db8::/32 -p udp --dport 5060 -j ACCEPT', ['accept 2001:db8::/32: udp 5060']],
  ['/sbin/iptables -t filter -I INPUT 3 -s sip.example.com -j ACCEPT', ['accept sip.example.com: all']],
  ['-A INPUT -s 192.0.2.1,192.0.2.2 -j ACCEPT', ['accept 192.0.2.1: all', 'accept 192.0.2.2: all']],
  ['-A INPUT -s 192.0.2.0/255.255.255.0 -j DROP', ['drop 192.0.2.0/255.255.255.0: all']],
  ['-A INPUT -p udp -m udp --dport 5060 -j ACCEPT', ['accept everybody: udp 5060']],
  ['-A INPUT -s 0.0.0.0/0 -j ACCEPT', ['accept everybody: all']],
  ['-A INPUT -i lo -j ACCEPT', []],
  ['-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT', []],
  ['-A INPUT -m conntrack --ctstate NEW -s 192.0.2.7 -j ACCEPT', ['accept 192.0.2.7: all']],
  ['-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT', []],
  [
    '-A INPUT -s 192.0.2.7 -p tcp -m tcp --tcp-flags SYN,RST SYN -m limit --limit 3/min -j ACCEPT',
    ['accept 192.0.2.7: tcp 1-65535'],
  ],
  ['-A INPUT ! -s 192.0.2.0/24 -j ACCEPT', ['accept everybody: all if ! -s 192.0.2.0/24']],
  ['-A INPUT -s ! 192.0.2.0/24 -j ACCEPT', ['accept everybody: all if ! -s 192.0.2.0/24']],
  ['-A INPUT -m set --match-set office src -j ACCEPT', ['accept everybody: all if --match-set office src']],
  ['-A FORWARD -s 192.0.2.7 -j ACCEPT', []],
  ['-A OUTPUT -j ACCEPT', []],
  ['# -A INPUT -s 192.0.2.7 -j ACCEPT', []],
  ['-A TOLLGATE -s 192.0.2.7 -j ACCEPT', []],
];
it.each(one)('%s', (rule, meant) => expect(said(rule)).toEqual(meant));

it('follows chains, with what the jumps demand', () => {
  const text = [
    ...['*filter', ':INPUT DROP [0:0]', ':hosts - [0:0]', ':phones - [0:0]', ':web - [0:0]'],
    ...[
      '-A INPUT -j hosts',
      '-A INPUT -j TOLLGATE',
      '-A hosts -s 192.0.2.7/32 -j phones',
      '-A hosts -s 192.0.2.8/32 -g web',
    ],
    ...['-A phones -p udp -m udp --dport 5060 -j ACCEPT', '-A web -p tcp -m tcp --dport 443 -j ACCEPT'],
    ...['-A TOLLGATE -s 192.0.2.9 -j ACCEPT', 'COMMIT'],
  ].join('\n');
  expect(said(text)).toEqual(['accept 192.0.2.7/32: udp 5060', 'accept 192.0.2.8/32: tcp 443']);
});

it('keeps the chains of both families apart, and leaves other tables out', () => {
  const text = [
    ...['*nat', '-A INPUT -s 192.0.2.1 -j ACCEPT', 'COMMIT'],
    ...['*filter', '-A INPUT -j hosts', '-A hosts -s 192.0.2.7 -j ACCEPT', 'COMMIT'],
    ...['*filter', '-A INPUT -j hosts', '-A hosts -s 2001:db8::7 -j ACCEPT', 'COMMIT'],
  ].join('\n');
  expect(said(text)).toEqual(['accept 192.0.2.7: all', 'accept 2001:db8::7: all']);
});

it('ends with rules that lead in circles, and with more ways than any list has', () => {
  expect(readRuleList('-A INPUT -j a\n-A a -j b\n-A b -j a\n-A b -s 192.0.2.7 -j ACCEPT').found.length).toBeGreaterThan(
    0,
  );
  const doubling = Array.from({ length: 40 }, (_, i) => `-A c${i} -j c${i + 1}\n-A c${i} -j c${i + 1}`).join('\n');
  expect(readRuleList(`-A INPUT -j c0\n${doubling}`).isCut).toBe(true);
});

it('has an answer for every text', () => {
  const word = fc.constantFrom(
    '-A',
    'INPUT',
    '-s',
    '!',
    '192.0.2.7',
    '-p',
    'udp',
    '--dport',
    '5060',
    '-j',
    'ACCEPT',
    '"',
    "'",
    '\\',
    '-m',
    'set',
    '--match-set',
    '\n',
    '*filter',
    'x',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
  );
  fc.assert(fc.property(text, (hostile) => expect(Array.isArray(readRuleList(hostile).found)).toBe(true)));
});
