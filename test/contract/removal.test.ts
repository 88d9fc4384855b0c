import { makeHost, type Host } from '../../src/lab/host';
import type { Firewall } from '../../src/domain/firewall';
import { describeAsRoot } from '../support/as-root';
import { firewallOn } from '../support/firewall-host';
import { testGate, type TestGate } from '../support/test-gate';

const by = 'root';

/** As Docker makes them, and what an admin may have beside: in every table, with policies, sets and a port handed on. */
const OTHERS = [
  '-N DOCKER-USER',
  '-N DOCKER',
  '-A FORWARD -j DOCKER-USER',
  '-A FORWARD -o lo -j DOCKER',
  '-A DOCKER-USER -j RETURN',
  '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
  '-A INPUT -m set --match-set theirs src -j DROP',
  '-P FORWARD DROP',
  '-t nat -N DOCKER',
  '-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  '-t nat -A POSTROUTING -o lo -j MASQUERADE',
  '-t mangle -A PREROUTING -p udp -j MARK --set-xmark 0x1/0xffffffff',
  '-t raw -A PREROUTING -p udp -m udp --dport 53 -j NOTRACK',
];

describeAsRoot('taking everything of ours out of a kernel that others use too', () => {
  let host: Host;
  let gate: TestGate;
  let firewall: Firewall;
  beforeEach(async () => {
    host = await makeHost('pbx');
    for (const [tool, family] of [
      ['iptables', 'inet'],
      ['ip6tables', 'inet6'],
    ] as const) {
      const set = `theirs${family}`;
      await host.run('ipset', ['create', set, 'hash:net', 'family', family]);
      for (const rule of OTHERS) await host.run(tool, rule.replace('theirs', set).split(' '));
    }
    await host.run('ipset', ['add', 'theirsinet', '192.0.2.77']);
    await host.run('nft', ['-f', '-'], {
      stdin: 'table inet own { chain in { type filter hook input priority 5; }; }',
    });
    gate = await testGate((clock) => (firewall = firewallOn(host, { clock }).firewall));
  });
  afterEach(async () => {
    await gate.close();
    host.close();
  });

  /** Byte for byte, but for the times of day in comments. */
  const everything = async () => {
    const texts = await Promise.all([
      host.run('iptables-save', []),
      host.run('ip6tables-save', []),
      host.run('ipset', ['save']),
      host.run('nft', ['list', 'table', 'inet', 'own']),
    ]);
    return texts.map((text) => text.replace(/^# (Generated|Completed).*\n/gm, ''));
  };

  it('leaves theirs byte for byte as it was, from every state of ours on the way', async () => {
    const { operations } = gate;
    const before = await everything();
    const asked = { by, lose: ['all'], here: true } as const;
    const way: readonly (() => Promise<unknown>)[] = [
      () => operations.init({ by }),
      () => operations.allow({ by, what: '198.51.100.0/24', services: ['phone'] }),
      () => operations.guard(asked),
      () => operations.confirm({ by, here: true }),
      () => operations.secure({ ...asked, admin: '203.0.113.9' }),
      () => operations.block({ by, what: '2001:db8::66', seconds: 600 }),
      () => operations.confirm({ by, here: true }),
    ];
    for (let steps = 1; steps <= way.length; steps += 2) {
      for (const step of way.slice(0, steps)) await step();
      expect(await firewall.rules()).not.toEqual([]);
      await operations.firewallRemove({ by });
      expect(await everything()).toEqual(before);
      for (const { id, kind } of await operations.list({}))
        await operations[kind === 'block' ? 'unblock' : 'revoke']({ by, what: `#${id}`, admin: true });
    }
  });

  it('saves theirs beside ours, with ends that stay where they are', async () => {
    const { operations } = gate;
    await operations.init({ by });
    await operations.allow({ by, what: '198.51.100.7', services: ['sip'], seconds: 3600 });
    await operations.firewallRemove({ by });
    const [newest] = await gate.parts.backups.list();
    expect(newest?.kernel.iptables).toContain('-A INPUT -j TOLLGATE\n');
    expect(newest?.kernel.iptables).toContain('*nat\n');
    expect(newest?.kernel.ip6tables).toContain('-A DOCKER-USER -j RETURN\n');
    expect(newest?.kernel.ipset).toContain('add theirsinet 192.0.2.77\n');
    expect(newest?.kernel.ipset).toMatch(/^add tg-sip4 198\.51\.100\.7 until \d{4}-\d\d-\d\dT[\d:.]+Z /m);
  });
});
