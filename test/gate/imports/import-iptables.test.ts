import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ImportShape } from '../../../src/domain/shapes';
import { memoryFirewall } from '../../support/memory-firewall';
import { testGate, type TestGate } from '../../support/test-gate';

const by = 'root';
const sample = (name: string) => readFileSync(join(__dirname, `../../samples/${name}.rules`), 'utf8');

let gate: TestGate;
beforeEach(async () => {
  gate = await testGate(memoryFirewall);
  await gate.operations.init({ by });
});
afterEach(() => gate.close());

const propose = (text: string) => gate.operations.importIptables({ by, text, dryRun: true });
const news = ({ proposals }: ImportShape) =>
  proposals
    .filter(({ state }) => state === 'new')
    .map(({ what, services, name }) => [what, services.join() || 'block', name]);
const told = ({ proposals }: ImportShape) =>
  proposals.filter(({ state }) => state === 'refused').map(({ what, why, hint }) => `${what}: ${why} → ${hint ?? ''}`);

it('moves a Travelin’ Man 3 system over', async () => {
  const shown = await propose(sample('travelin-man-3'));
  expect(news(shown)).toEqual([
    ['10.0.0.0/8', 'all', null],
    ['172.16.0.0/12', 'all', null],
    ['192.168.0.0/16', 'all', null],
    ['209.216.2.211', 'sip,rtp', null],
    ['callcentric.com', 'sip', null],
    ['192.0.2.7', 'phone,ssh', 'ann'],
    ['198.51.100.10-198.51.100.20', 'all', null],
    ['203.0.113.9', 'block', null],
  ]);
  expect(told(shown)).toEqual([
    expect.stringMatching(
      /^everybody: .*--dport 123 -j ACCEPT opens udp\/123 to the world, and mode secure closes it → .*answers.*\[services\.NAME\] ports = \["udp\/123"\], policy = "open"$/,
    ),
    expect.stringMatching(/^198\.51\.100\.99\/32: .*: no service has tcp 3306 → name one in \[services\]/),
    expect.stringMatching(
      /^everybody: .*--dport 443 -j ACCEPT opens web to the world, and mode secure closes it → .*tollgate allow ADDRESS --service web.*\[services\.web\] ports = \["tcp\/80", "tcp\/443"\], policy = "open"$/,
    ),
    expect.stringMatching(/^192\.0\.2\.0\/24: .*but another rule lets in 192\.0\.2\.7/),
  ]);
  expect(shown.proposals[3]).toMatchObject({
    why: expect.stringMatching(/--dport 5060:5069 -j ACCEPT and 1 more$/) as string,
  });
});

it('understands the zones of FreePBX’s firewall, in both families', async () => {
  const shown = await propose(sample('freepbx-firewall'));
  expect(news(shown)).toEqual([
    ['203.0.113.77', 'block', null],
    ['198.51.100.5', 'phone', null],
    ['192.168.7.0/24', 'web,ssh', null],
    ['192.0.2.7', 'all', null],
    ['2001:db8::7', 'all', null],
  ]);
});

it('understands ufw, and leaves fail2ban what it bans', async () => {
  const shown = await propose(sample('ufw-fail2ban'));
  expect(news(shown)).toEqual([
    ['192.0.2.7', 'sip', null],
    ['192.0.2.8', 'ssh', "'desk'"],
  ]);
  expect(told(shown)).toEqual([
    expect.stringMatching(/^everybody: .*opens ssh to the world, and mode secure closes it/),
    expect.stringMatching(/^everybody: .*--dport 5060 -j ACCEPT opens sip to the world/),
  ]);
});

describe('what is open to the world and not guarded', () => {
  const worldOf = async (...rules: readonly string[]) => told(await propose(rules.join('\n')));

  it('is told wholly, beside what is guarded', async () => {
    const rule = '-A INPUT -p tcp -m multiport --dports 80,443,5060,8080:8090 -j ACCEPT';
    expect(await worldOf(rule)).toEqual([
      expect.stringContaining('opens sip to the world'),
      expect.stringMatching(
        /opens web, tcp\/8080-8090 to the world, .*\[services\.web\] .*; \[services\.NAME\] ports = \["tcp\/8080-8090"\], policy = "open"$/,
      ),
    ]);
  });

  it('is told with its device, which may be of one’s own network', async () => {
    expect(await worldOf('-A INPUT -i eth1 -p tcp --dport 22 -j ACCEPT')).toEqual([
      expect.stringMatching(/^everybody on eth1: .*opens ssh .*firewall\.trusted/),
    ]);
  });

  it('is no matter where the settings keep it open, and as DHCP; media never is open', async () => {
    await gate.close();
    const ports = '[services.web]\nports = ["tcp/443"]\npolicy = "open"\n';
    gate = await testGate(memoryFirewall, ports);
    expect(
      await worldOf(
        '-A INPUT -p tcp --dport 443 -j ACCEPT',
        '-A INPUT -p udp --sport 67 --dport 68 -j ACCEPT',
        '-A INPUT -p udp --dport 10000:20000 -j ACCEPT',
      ),
    ).toEqual([expect.stringMatching(/opens rtp to the world, .* → .*of whom you let in/)]);
  });
});

it('tells what cannot be taken over', async () => {
  const rules = [
    '-A INPUT -m set --match-set office src -j ACCEPT',
    '-A INPUT -s 192.0.2.7 -m time --timestart 08:00 -j ACCEPT',
    '-A INPUT -s 192.0.2.8 -p udp --dport 5060 -j DROP',
    '-A INPUT -s 0.0.0.0/1 -j ACCEPT',
    '-A INPUT -i eth1 -j ACCEPT',
  ];
  expect(told(await propose(rules.join('\n')))).toEqual([
    expect.stringContaining('0.0.0.0/1 is wider than /8'),
    expect.stringContaining('its addresses are in a set (--match-set office src) → list it with "ipset list"'),
    expect.stringContaining('demands more than an address: --timestart 08:00'),
    expect.stringContaining('drops only some of it'),
    expect.stringMatching(/^everybody on eth1: .*firewall\.trusted/),
  ]);
});

it('applies once, has nothing left to do, and takes nothing away when the old rules are gone', async () => {
  const text =
    '-A INPUT -s 192.0.2.7 -p udp --dport 5060 -m comment --comment ann -j ACCEPT\n-A INPUT -s 203.0.113.9 -j DROP\n';
  await gate.operations.importIptables({ by, text });
  const open = await gate.operations.list({});
  expect(open).toMatchObject([{ what: '192.0.2.7', name: 'ann', origin: 'iptables' }, { kind: 'block' }]);
  expect((await propose(text)).proposals.map(({ state }) => state)).toEqual(['same', 'same']);
  expect((await gate.operations.importIptables({ by, text: '' })).proposals).toEqual([]);
  expect(await gate.operations.list({})).toEqual(open);
});

it('shows hostile rules without harm, and applies them only as entries', async () => {
  const nasty = fc.string({ unit: 'binary', maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (comment, source) => {
      const text = `-A INPUT -s 192.0.2.7 -m comment --comment "${comment}" -j ACCEPT\n-A INPUT -s ${source} -j ACCEPT`;
      const shown = JSON.stringify((await propose(text)).proposals.map(({ what, why, name }) => [what, why, name]));
      // what JSON itself escapes would have been a control character
      expect(shown.replace(/\\\\/g, '')).not.toMatch(/\\u00[01]|\\[nrt]/);
    }),
    { numRuns: 40 },
  );
});
