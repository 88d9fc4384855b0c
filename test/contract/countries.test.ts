/** The kernel's set of permitted countries: filled, exchanged as a whole, watched, taken away; and packets meanwhile. */
import type { Permitted, Policy } from '../../src/domain/firewall';
import { addressOf } from '../../src/domain/address-range';
import { memorySaved, type MemorySaved } from '../support/memory-saved';
import { describeAsRoot } from '../support/as-root';
import { fakeFirewall, PBX, realFirewall, type FirewallUnderTest } from '../support/firewall-host';
import { floodFrom } from '../support/flood';
import { net } from '../support/net';
import { permittedOf } from '../support/permitted';
import { makePacketLab, V4, V6, type PacketLab } from '../support/packet-lab';
import { until } from '../support/until';

const AT_HOME = permittedOf('192.0.2.0/24', '198.51.100.7', '2001:db8::/48', '::102:304');
const ELSEWHERE = permittedOf('192.0.2.0/24', '203.0.113.9', '2001:db8::/48');
/** Has a network that is wholly permitted. */
const WIDE = permittedOf('20.1.0.0/16', '192.0.2.0/24');
const NOBODY = permittedOf();

function guard(permitted: Permitted): Policy {
  const services = PBX.services.map((one) => (one.name === 'sip' ? { ...one, policy: 'countries' as const } : one));
  return { ...PBX, mode: 'guard', services, permitted };
}

describe('on a kernel in memory', () => describeSets((savedCountries) => fakeFirewall({ savedCountries })));
describeAsRoot('on the real kernel', () => describeSets((savedCountries) => realFirewall({ savedCountries })));

function describeSets(open: (saved: MemorySaved) => Promise<FirewallUnderTest>): void {
  let saved: MemorySaved;
  let under: FirewallUnderTest;
  let saves: string[];
  beforeEach(async () => {
    saved = memorySaved();
    under = await open(saved);
    saves = [];
    under.failAt((file, args) => {
      if (file === 'ipset' && args[0] === 'save') saves.push(args[1] ?? 'all');
      return false;
    });
    await under.firewall.apply(guard(AT_HOME), new Map());
  });
  afterEach(() => under.end());
  const apply = (policy: Policy) => under.firewall.apply(policy, new Map());
  const held = async () => {
    const texts = [
      await under.run('ipset', ['save', 'tg-country4']),
      await under.run('ipset', ['save', 'tg-country6']),
    ];
    return [...texts.join('\n').matchAll(/^add \S+ (\S+)/gm)].map(([, what]) => what).sort();
  };
  const readOneByOne = () => saves.filter((name) => /^tg-country[46]$/.test(name));

  it('holds what is permitted, also for a reboot, and is never read member by member where we filled it', async () => {
    expect(await held()).toEqual(['192.0.2.0/24', '198.51.100.7', '2001:db8::/48', expect.stringMatching(/^::1/)]);
    expect(saved.text()?.split('\n').slice(0, 2)).toEqual([
      'tollgate-countries 1 8',
      'add tg-country-outer4 192.0.0.0/20',
    ]);
    expect(readOneByOne()).toEqual([]);
    expect(await apply(guard(AT_HOME))).toEqual([]);
    expect([readOneByOne(), saved.bases()]).toEqual([[], 1]);
  });

  it('is exchanged in one step when what is permitted changes, of as many networks too', async () => {
    const lines = await apply(guard(ELSEWHERE));
    expect(lines).toContain('swap tg-country4 tg-~country4');
    expect(lines.filter((line) => line.startsWith('add tg-~country4'))).toHaveLength(2);
    expect(await held()).toEqual(['192.0.2.0/24', '2001:db8::/48', '203.0.113.9']);
    expect(await under.run('ipset', ['list', '-n'])).not.toContain('~');
    expect(saved.text()).toContain('203.0.113.9');
    expect(await apply(guard(ELSEWHERE))).toEqual([]);
    expect(readOneByOne()).toEqual([]);
  });

  it('empties when nothing is permitted any more', async () => {
    await apply(guard(NOBODY));
    expect([await held(), await apply(guard(NOBODY))]).toEqual([[], []]);
    expect(saved.text()).toBe('tollgate-countries 1 0\n');
  });

  it('goes when no service asks for it, and with everything of ours', async () => {
    await apply({ ...PBX, mode: 'guard' });
    expect(await under.run('ipset', ['list', '-n'])).not.toContain('country');
    expect(saved.text()).toBeUndefined();
    await apply(guard(AT_HOME));
    await under.firewall.remove();
    expect([await under.run('ipset', ['list', '-n']), saved.text()]).toEqual(['', undefined]);
  });

  it('is watched and mended when others change it', async () => {
    expect(await under.firewall.drift()).toBeUndefined();
    await under.run('ipset', ['del', 'tg-country4', '192.0.2.0/24']);
    expect((await under.firewall.drift())?.what).toEqual(['set tg-country4 had 1 members instead of 2']);
    await apply(guard(AT_HOME));
    expect((await held()).length).toBe(4);
    expect(await under.firewall.drift()).toBeUndefined();
  });

  it('has bounds that are watched and mended: whoever empties or fills one is found by the next look', async () => {
    await apply(guard(WIDE));
    const bounds = ['tg-country-outer4', 'tg-country-inner4'];
    const members = async () => {
      const saved = await Promise.all(bounds.map((name) => under.run('ipset', ['save', name])));
      return saved
        .join('\n')
        .match(/^add .*/gm)
        ?.sort();
    };
    const before = await members();
    expect(before).toHaveLength(3);
    for (const [name, verb, network, count] of [
      ['tg-country-outer4', 'del', '20.1.0.0/16', '1 members instead of 2'],
      ['tg-country-inner4', 'add', '203.0.0.0/16', '2 members instead of 1'],
    ] as const) {
      await under.run('ipset', [verb, name, network]);
      expect((await under.firewall.drift())?.what).toEqual([`set ${name} had ${count}`]);
      expect(await apply(guard(WIDE))).toContain(`swap ${name} ${name.replace('tg-', 'tg-~')}`);
      expect([await members(), await under.firewall.drift()]).toEqual([before, undefined]);
    }
  });

  it('has bounds whose members are compared: one that others have put in place of ours is found, too', async () => {
    await apply(guard(WIDE));
    expect(await apply(guard(WIDE))).toEqual([]);
    await under.run('ipset', ['add', 'tg-country-inner4', '203.0.0.0/16']);
    await under.run('ipset', ['del', 'tg-country-inner4', '20.1.0.0/16']);
    expect(await apply(guard(WIDE))).toContain('swap tg-country-inner4 tg-~country-inner4');
    expect(await under.run('ipset', ['save', 'tg-country-inner4'])).not.toContain('203.0.0.0');
    expect(await apply(guard(WIDE))).toEqual([]);
  });

  it('reaches one state from another, with its bounds', async () => {
    for (const permitted of [WIDE, AT_HOME, WIDE, ELSEWHERE, NOBODY]) {
      await apply(guard(permitted));
      expect(await apply(guard(permitted))).toEqual([]);
      const saved = await under.run('ipset', ['save']);
      const membersOf = (set: string) =>
        [...saved.matchAll(new RegExp(`^add ${set} (\\S+)`, 'gm'))].map(([, it]) => it);
      expect(membersOf('tg-country-outer4').sort()).toEqual(permitted[4].outer);
      expect(membersOf('tg-country-inner4').map((it) => `${it}/16`)).toEqual(permitted[4].inner);
      expect(membersOf('tg-country-outer6').sort()).toEqual(permitted[6].outer);
    }
  });

  it('takes the place of what an earlier Tollgate has left, which knew no bounds', async () => {
    const ours = async () => [
      await under.firewall.rules(),
      (await under.run('ipset', ['list', '-n'])).split('\n').sort(),
    ];
    const before = await ours();
    for (const [tool, family] of [['iptables', 4] as const, ['ip6tables', 6] as const]) {
      await under.run(tool, ['-F', 'TOLLGATE-GUARD-SIP']);
      const match = ['-m', 'set', '--match-set', `tg-country${family}`, 'src'];
      await under.run(tool, ['-A', 'TOLLGATE-GUARD-SIP', ...match, '-j', 'ACCEPT']);
      for (const verb of ['-F', '-X']) await under.run(tool, [verb, 'TOLLGATE-GUARD-COUNTRY']);
    }
    const bounds = ['tg-country-outer4', 'tg-country-inner4', 'tg-country-outer6'];
    for (const bound of bounds) await under.run('ipset', ['destroy', bound]);
    await apply(guard(AT_HOME));
    expect([await ours(), await apply(guard(AT_HOME))]).toEqual([before, []]);
  });

  it('stays as it was when the new one cannot be filled, and nothing is left behind', async () => {
    under.swallowAt(() => false);
    const before = await held();
    const full = 'Hash is full, cannot add more elements';
    under.failAt((file, args) => file === 'ipset' && args.includes('restore'), full);
    await expect(apply(guard(ELSEWHERE))).rejects.toThrow(full);
    under.failAt(() => false);
    expect([await held(), saved.text()?.includes('203.0.113.9')]).toEqual([before, false]);
    expect(await under.run('ipset', ['list', '-n'])).not.toContain('~');
  });

  it('is known to whoever starts anew, and doors open and close beside it', async () => {
    await under.firewall.change([{ set: 'sip', network: net('203.0.113.5'), until: 'forever' }]);
    expect((await under.firewall.members()).map(({ set }) => set)).toEqual(['sip']);
    expect(await under.firewall.drift()).toBeUndefined();
    await under.firewall.change([{ set: 'sip', network: net('203.0.113.5'), until: undefined }]);
    expect(await apply(guard(AT_HOME))).toEqual([]);
  });
}

describeAsRoot('packets while the set is exchanged under a flood', () => {
  let lab: PacketLab;
  beforeAll(async () => {
    lab = await makePacketLab();
  });
  afterAll(() => lab.end());

  /** So many other networks, that filling the set takes a while. */
  const table = (first: number): Permitted => {
    const others = (family: 4 | 6) =>
      Array.from({ length: 12_000 }, (_, i) =>
        family === 4
          ? `${addressOf(4, BigInt(0x2000_0000 + (2 * i + first) * 256))}/24`
          : `${addressOf(6, (0x2600_0001n + BigInt(2 * i + first)) << 96n)}/32`,
      );
    return permittedOf('198.51.100.0/29', '2001:db8::/125', ...others(4), ...others(6));
  };

  it('no packet from a permitted address is lost, and none from another comes in', async () => {
    const [here, there] = [table(0), table(1)];
    const { services } = guard(here);
    const enter = (permitted: Permitted) => lab.enter('guard', {}, { services, permitted });
    await enter(here);
    const sides = [V4, V6].flatMap(({ family, pbx, hotel, stranger }) =>
      [hotel, stranger].map((from) => ({ tool: family === 4 ? 'iptables' : 'ip6tables', from, pbx })),
    );
    for (const { tool, from } of sides) {
      // what arrives, and what comes through our chain: that table is asked after it
      await lab.pbx.run(tool, ['-t', 'raw', '-A', 'PREROUTING', '-s', from, '-p', 'udp', '--dport', '5060']);
      await lab.pbx.run(tool, ['-t', 'security', '-A', 'INPUT', '-s', from, '-p', 'udp', '--dport', '5060']);
    }
    const count = async (tool: string, table: string, from: string) => {
      const saved = await lab.pbx.run(`${tool}-save`, ['-c', '-t', table]);
      const line = saved.split('\n').find((one) => one.includes(` -s ${from}/`)) ?? '';
      return Number(/^\[(\d+):/.exec(line)?.[1]);
    };
    const streams = sides.map(({ from, pbx }) => ({ from, to: pbx, udp: [5060], tcp: [] }));
    const flood = floodFrom(lab.outside, [...streams, ...streams, ...streams]);
    const seen = async () => Math.min(...(await Promise.all(sides.map((one) => count(one.tool, 'raw', one.from)))));
    await until(async () => (await seen()) > 100, 'a flood');
    for (const permitted of [there, here, there, here]) await enter(permitted);
    await flood.stop();
    for (const { tool, from } of sides) {
      const [came, passed] = [await count(tool, 'raw', from), await count(tool, 'security', from)];
      const isPermitted = from === V4.hotel || from === V6.hotel;
      expect([from, came > 300, passed]).toEqual([from, true, isPermitted ? came : 0]);
    }
  });
});
