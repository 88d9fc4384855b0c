/** A reboot: the boot unit's own script, in a network namespace that holds nothing, from what another one has saved. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootFile } from '../../src/boot-file';
import type { Until } from '../../src/domain/entry';
import type { Elements, Firewall, Policy } from '../../src/domain/firewall';
import type { Network } from '../../src/domain/network';
import { makeHost, type Host } from '../../src/lab/host';
import { describeAsRoot } from '../support/as-root';
import { firewallOn, PBX } from '../support/firewall-host';
import { net } from '../support/net';
import { permittedOf } from '../support/permitted';
import { makePacketLab, V4, V6 } from '../support/packet-lab';
import { restoreOn, SCRIPT } from '../support/restore-script';

const HOUR = 3_600_000;
const NOTHING_LEFT = /(^|\n)(add|create) tg-|TOLLGATE/;

let folder: string;
let file: string;
const made: Host[] = [];
const firewalls: Firewall[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-boot-'));
  file = join(folder, 'firewall');
});
afterEach(async () => {
  for (const firewall of firewalls.splice(0)) await firewall.close();
  for (const host of made.splice(0)) host.close();
  rmSync(folder, { recursive: true });
});

const fresh = async (name: string): Promise<Host> => {
  const host = await makeHost(name);
  made.push(host);
  return host;
};
const inMs = (ms: number) => new Date(Date.now() + ms);
const open = (...members: [string, string, Until][]): Elements => {
  const sets = new Map<string, Map<Network, Until>>();
  for (const [set, text, end] of members)
    sets.set(set, (sets.get(set) ?? new Map<Network, Until>()).set(net(text), end));
  return sets;
};
function firewallThatSaves(host: Host): Firewall {
  const { firewall } = firewallOn(host, {
    saved: bootFile(file, () => undefined),
    savedCountries: bootFile(`${file}-countries`, () => undefined),
    restoring: ['sh', SCRIPT, file],
  });
  firewalls.push(firewall);
  return firewall;
}

/** All that is ours on a host, and the rules of others. */
async function everything(host: Host): Promise<string> {
  const rules = [await host.run('iptables-save', ['-t', 'filter']), await host.run('ip6tables-save', ['-t', 'filter'])];
  const sets = (await host.run('ipset', ['save'])).replace(/ (hashsize|bucketsize|initval) \S+/g, '');
  const lines = sets.replace(/ (timeout [1-9]\d*|(packets|bytes) \d+)/g, '').split('\n');
  return [...rules.map((text) => text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '')), ...lines.sort()].join('\n');
}

const TRUSTED = [
  { network: net('192.168.1.0/24'), device: 'eth1' },
  { network: net('fd00::/8'), device: 'eth1' },
];
const POLICIES: readonly [string, Policy][] = [
  ['watch', PBX],
  ['guard, with trusted networks', { ...PBX, mode: 'guard', trusted: TRUSTED }],
  [
    'guard, with permitted countries',
    {
      ...{ ...PBX, mode: 'guard' },
      services: PBX.services.map((one) => ({ ...one, policy: one.name === 'sip' ? 'countries' : one.policy })),
      permitted: permittedOf('20.0.0.0/16', '192.0.2.0/24', '203.0.113.0/24', '2001:db8::/32'),
    },
  ],
  ['secure', { ...PBX, mode: 'secure', trusted: TRUSTED, dhcpDevices: ['eth0'] }],
];

describeAsRoot('after a reboot', () => {
  it.each(POLICIES)(
    '%s is as it was: rules and members of both families, ends within two seconds and what loading took',
    async (_, policy) => {
      const ends: Readonly<Record<string, Date>> = {
        '192.0.2.1': inMs(HOUR),
        '2001:db8:7::/64': inMs(40 * 24 * HOUR),
        '192.0.2.3': inMs(90_000),
      };
      const members = Object.entries(ends).map(([text, end]): [string, string, Date] => ['sip', text, end]);
      const elements = open(
        ...members,
        ['all', '0.0.0.0/0', 'forever'],
        ['rtp', '2001:db8::7', 'forever'],
        ['block', '198.51.100.9', inMs(HOUR)],
        ['block', '2001:db8:9::/64', 'forever'],
      );
      const [before, after] = [await fresh('before'), await fresh('after')];
      const firewall = firewallThatSaves(before);
      await firewall.apply(policy, elements);
      const began = Date.now();
      const { code, said } = await restoreOn(after, file);
      const took = Math.ceil((Date.now() - began) / 1000); // whole seconds: each lease may be given as much less for it
      expect([code, said]).toEqual([0, expect.stringContaining('the firewall is restored: ')]);
      expect(said).not.toMatch(/over|left out|fit/);
      expect(await everything(after)).toBe(await everything(before));
      const restored = firewallThatSaves(after);
      expect(await restored.plan(policy, elements)).toEqual([]);
      const read = Date.now();
      for (const { network, secondsLeft = Infinity } of await restored.members()) {
        const end = ends[network]?.getTime();
        if (end === undefined) continue;
        const longest = (Math.min(end, began + 20 * 24 * HOUR) - Date.now()) / 1000;
        const earliest = longest - 3 - took; // two, and what is rounded down
        expect([network, secondsLeft <= (end - read) / 1000, secondsLeft > earliest]).toEqual([network, true, true]);
      }
    },
  );

  it('a mode that was on trial is not in force, the one before it is', async () => {
    const [before, after] = [await fresh('before'), await fresh('after')];
    const firewall = firewallThatSaves(before);
    await firewall.apply(
      { ...PBX, trial: { mode: 'guard', until: inMs(HOUR) } },
      open(['sip', '192.0.2.1', 'forever']),
    );
    expect(await firewall.trialSecondsLeft()).toBeGreaterThan(3590);
    expect((await restoreOn(after, file)).code).toBe(0);
    expect(await firewallThatSaves(after).plan(PBX, open(['sip', '192.0.2.1', 'forever']))).toEqual([]);
    expect(await everything(after)).not.toMatch(/GUARD|trial/);
  });

  it('each change that was acknowledged has come back, and nothing that was not', async () => {
    const [before, after] = [await fresh('before'), await fresh('after')];
    const firewall = firewallThatSaves(before);
    const change = (set: string, text: string, until: Date | 'forever' | undefined) =>
      firewall.change([{ set, network: net(text), until }]);
    await firewall.apply(
      { ...PBX, mode: 'guard' },
      open(['sip', '192.0.2.1', 'forever'], ['sip', '192.0.2.2', inMs(60_000)]),
    );
    await change('sip', '192.0.2.3', inMs(HOUR));
    await change('sip', '192.0.2.1', undefined);
    await change('sip', '192.0.2.2', inMs(HOUR));
    await change('rtp', '2001:db8::/64', 'forever');
    await change('block', '192.0.2.66', 'forever');
    await change('block', '192.0.2.66', undefined);
    await change('was', '192.0.2.1', inMs(HOUR));
    appendFileSync(file, 'add tg-sip4 192.0.2.1'); // half of "192.0.2.100 1795346481": it was killed while it wrote
    await change('iax', '192.0.2.4', inMs(HOUR));
    expect((await restoreOn(after, file)).said).toContain('the firewall is restored');
    const held = (await firewallThatSaves(after).members()).map(({ set, network }) => `${set} ${network}`).sort();
    expect(held).toEqual(['iax 192.0.2.4', 'rtp 2001:db8::/64', 'sip 192.0.2.2', 'sip 192.0.2.3']);
    expect((await after.run('ipset', ['list', '-n'])).split('\n')).toEqual(
      expect.arrayContaining(['tg-was4', 'tg-was6']),
    );
  });

  it('leases that were over meanwhile are out, and all of them when the clock has gone back', async () => {
    const before = await fresh('before');
    const firewall = firewallThatSaves(before);
    const now = Math.floor(Date.now() / 1000);
    await firewall.apply(
      { ...PBX, mode: 'guard' },
      open(
        ['sip', '192.0.2.1', inMs(60_000)],
        ['sip', '192.0.2.2', inMs(HOUR)],
        ['sip', '2001:db8::1', 'forever'],
        ['block', '192.0.2.66', 'forever'],
      ),
    );
    for (const [clock, held] of [
      [now + 61, ['block 192.0.2.66', 'sip 192.0.2.2', 'sip 2001:db8::1']],
      [now + 3601, ['block 192.0.2.66', 'sip 2001:db8::1']],
      [now - 10, ['block 192.0.2.66', 'sip 2001:db8::1']],
      [0, ['block 192.0.2.66', 'sip 2001:db8::1']],
    ] as const) {
      const after = await fresh(`after${clock}`);
      expect((await restoreOn(after, file, clock)).code).toBe(0);
      const members = await firewallThatSaves(after).members();
      expect([clock, members.map(({ set, network }) => `${set} ${network}`).sort()]).toEqual([clock, held]);
    }
  });

  it('nothing comes back when nothing was saved, or Tollgate was removed and that is remembered', async () => {
    const [before, after] = [await fresh('before'), await fresh('after')];
    expect(await restoreOn(after, file)).toMatchObject({ code: 0, said: expect.stringContaining('nothing') as string });
    const firewall = firewallThatSaves(before);
    await firewall.apply({ ...PBX, mode: 'guard' }, new Map());
    const fault = new Error('the store is away');
    await expect(firewall.remove(() => Promise.reject(fault))).rejects.toBe(fault);
    expect(readFileSync(file, 'utf8')).toContain('TOLLGATE-GUARD');
    await firewall.remove();
    expect((await restoreOn(after, file)).code).toBe(0);
    expect(await everything(after)).not.toMatch(NOTHING_LEFT);
  });
});

describeAsRoot('a restore that fails leaves what is in force, in both families', () => {
  const GUARD = open(['sip', '192.0.2.1', inMs(HOUR)], ['sip', '2001:db8::1', 'forever']);
  /** A rule more at the end of the head, which the head's last line counts. */
  const withRule = (text: string, rule: string) =>
    text.replace(/^head (\d+)$/m, (_, count: string) => `${rule}\nhead ${Number(count) + 1}`);

  async function guarded(): Promise<Host> {
    const host = await fresh('pbx');
    const firewall = firewallThatSaves(host);
    await firewall.apply({ ...PBX, mode: 'guard' }, GUARD);
    return host;
  }

  it.each([
    ['the file is cut off', (text: string) => text.slice(0, 1500), 'it is damaged'],
    [
      'a family is refused',
      (text: string) => withRule(text, '6 -A TOLLGATE -m set --match-set tg-nowhere6 src -j DROP'),
      'the rules of IPv6 are refused',
    ],
    [
      'a family cannot be loaded',
      (text: string) => withRule(text, '6 -A TOLLGATE -g TOLLGATE-NOWHERE'),
      'the rules of IPv6 could not be loaded',
    ],
    [
      'a set cannot be made',
      (text: string) => withRule(text, 'create tg-x4 hash:net family inet maxelem 9999999999 timeout 0 counters'),
      'it is damaged',
    ],
    [
      'a set of ours is of another type',
      (text: string) => text.replace(/^create tg-sip4 .*$/m, 'create tg-sip4 hash:net,iface family inet maxelem 65536'),
      'the set tg-sip4 could not be exchanged',
    ],
  ])('when %s', async (_what, harm, why) => {
    const [host, empty] = [await guarded(), await fresh('empty')];
    const before = await everything(host);
    writeFileSync(file, harm(readFileSync(file, 'utf8')));
    const { code, said } = await restoreOn(host, file);
    expect([code, said]).toEqual([1, expect.stringContaining('what was in force still is')]);
    expect(said).toContain(why);
    expect(await everything(host)).toBe(before);
    if (why.includes('exchanged')) return; // on an empty machine nothing is exchanged
    expect((await restoreOn(empty, file)).code).toBe(1);
    expect(await everything(empty)).not.toMatch(NOTHING_LEFT);
  });

  it('when only the kernel finds out, after IPv4 was loaded', async () => {
    const host = await guarded();
    // A rule of somebody else's leads into a chain that is to go.
    await host.run('ip6tables', ['-N', 'TOLLGATE-OLD']);
    await host.run('ip6tables', ['-A', 'FORWARD', '-j', 'TOLLGATE-OLD']);
    await host.run('iptables', ['-F', 'TOLLGATE-GUARD-IAX']);
    await host.run('ipset', ['del', 'tg-sip4', '192.0.2.1']);
    const before = await everything(host);
    const { code, said } = await restoreOn(host, file);
    expect([code, said]).toEqual([1, expect.stringContaining('the rules of IPv6 could not be loaded')]);
    expect(await everything(host)).toBe(before);
  });
});

describeAsRoot('on a running system', () => {
  it('mends what somebody has broken, ends the trial, and leaves what is not ours', async () => {
    const host = await fresh('pbx');
    const firewall = firewallThatSaves(host);
    const elements = open(['sip', '192.0.2.1', inMs(HOUR)], ['was', '192.0.2.77', inMs(HOUR)]);
    await firewall.apply({ ...PBX, mode: 'guard', trial: { mode: 'secure', until: inMs(HOUR) } }, elements);
    const theirs = ['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-P FORWARD DROP', '-N DOCKER-USER'];
    for (const rule of theirs) await host.run('iptables', rule.split(' '));
    await host.run('ipset', 'create others hash:ip'.split(' '));
    for (const [tool, words] of [
      ['iptables', '-F TOLLGATE-GUARD-SIP'],
      ['iptables', '-A INPUT -j TOLLGATE'],
      ['ip6tables', '-D INPUT -j TOLLGATE'],
      ['ip6tables', '-N TOLLGATE-OLD'],
      ['ipset', 'add tg-sip4 192.0.2.2'],
      ['ipset', 'flush tg-block6'],
      ['ipset', 'create tg-~sip4 hash:ip'],
      ['ipset', 'create tg-old4 hash:ip'],
    ] as const) {
      await host.run(tool, words.split(' '));
    }
    expect(await firewall.restore({ dryRun: true })).toContain('-A TOLLGATE -g TOLLGATE-GUARD');
    expect(await host.run('iptables', ['-S'])).toContain('TOLLGATE-SECURE');
    expect(await firewall.restore({ dryRun: false })).toEqual([expect.stringContaining('the firewall is restored')]);
    expect(await firewall.plan({ ...PBX, mode: 'guard' }, elements)).toEqual([]);
    expect(await host.run('iptables', ['-S', 'INPUT'])).toBe(
      ['-P INPUT ACCEPT', '-A INPUT -j TOLLGATE', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', ''].join('\n'),
    );
    expect(await host.run('iptables', ['-S'])).toMatch(/-P FORWARD DROP[^]*-N DOCKER-USER/);
    expect(await host.run('ipset', ['list', '-n'])).toMatch(/(^|\n)others\n/);
    await firewall.change([{ set: 'sip', network: net('192.0.2.1'), until: undefined }]); // it looks again first
    expect((await firewall.members()).map(({ set }) => set)).toEqual(['was']);
  });

  it('a change that fails afterwards is put back to what was brought back', async () => {
    const host = await fresh('pbx');
    const firewall = firewallThatSaves(host);
    await firewall.apply({ ...PBX, mode: 'guard' }, open(['sip', '192.0.2.1', 'forever']));
    appendFileSync(file, 'del tg-sip4 192.0.2.1\n');
    await firewall.restore({ dryRun: false });
    await host.run('ipset', ['destroy', 'tg-all4']);
    const changes = ['sip', 'all'].map((set) => ({ set, network: net('192.0.2.1'), until: inMs(HOUR) }));
    await expect(firewall.change(changes)).rejects.toThrow('does not exist');
    expect(await firewall.members()).toEqual([]);
  });

  it.each([V4, V6])(
    'under a flood of IPv$family no packet of a stranger gets in, and none from an open address is lost',
    async ({ family, pbx, hotel, stranger }) => {
      const lab = await makePacketLab();
      try {
        const saving = firewallThatSaves(lab.pbx);
        await saving.apply({ ...PBX, mode: 'guard' }, open(['sip', hotel, 'forever']));
        const tool = family === 4 ? 'iptables' : 'ip6tables';
        // In front of our chain, and behind it: what INPUT of `filter` has let through.
        const [ahead, behind] = [
          ['-t', 'raw', '-A', 'PREROUTING'],
          ['-t', 'security', '-A', 'INPUT'],
        ];
        for (const at of [ahead, behind]) {
          for (const from of [hotel, stranger])
            await lab.pbx.run(tool, [...at, '-s', from, '-p', 'udp', '--dport', '5060']);
        }
        const counted = async (table: string, from: string) => {
          const saved = await lab.pbx.run(`${tool}-save`, ['-c', '-t', table]);
          return Number(new RegExp(`^\\[(\\d+):.* -s ${from}/\\d+ -p udp`, 'm').exec(saved)?.[1]);
        };
        const sockets = [await lab.farSocket(hotel), await lab.farSocket(stranger)];
        await lab.insideSocket(pbx, 5060);
        let restores = 0;
        const restoring = (async () => {
          for (; restores < 12; restores++) expect((await restoreOn(lab.pbx, file)).code).toBe(0);
        })();
        while (restores < 12) {
          for (let i = 0; i < 20; i++) for (const socket of sockets) lab.far.send(socket, 'flood', pbx, 5060);
          await Promise.race([restoring, sleep(1)]);
        }
        await restoring;
        expect(await lab.reaches(hotel, pbx, 5060)).toBe(true); // and what was sent before it has passed as well
        expect(await lab.reaches(stranger, pbx, 5060)).toBe(false);
        expect(await counted('raw', hotel)).toBeGreaterThan(1000);
        expect(await counted('raw', stranger)).toBeGreaterThan(1000);
        expect(await counted('security', stranger)).toBe(0);
        expect(await counted('security', hotel)).toBe(await counted('raw', hotel));
      } finally {
        await lab.end();
      }
    },
  );
});
